CREATE TYPE payment_state AS ENUM ('pending', 'succeeded', 'failed', 'refunded');

CREATE TABLE payments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  order_id bigint NOT NULL REFERENCES orders (id) ON DELETE RESTRICT,
  state payment_state NOT NULL DEFAULT 'pending',
  amount_cents integer NOT NULL CHECK (amount_cents > 0),
  provider text NOT NULL,
  provider_reference text,
  details jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (provider, provider_reference)
);

-- An order is paid once.
CREATE UNIQUE INDEX payments_one_success_idx ON payments (order_id) WHERE state = 'succeeded';
