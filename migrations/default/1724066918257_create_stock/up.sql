CREATE TABLE stock (
  product_id uuid PRIMARY KEY REFERENCES products (id) ON DELETE CASCADE,
  available integer NOT NULL DEFAULT 0 CHECK (available >= 0),
  reserved integer NOT NULL DEFAULT 0 CHECK (reserved >= 0)
);

INSERT INTO stock (product_id) SELECT id FROM products;

CREATE FUNCTION reserve_stock(wanted_product uuid, wanted_quantity integer) RETURNS stock
LANGUAGE plpgsql AS $body$
DECLARE
  result stock;
BEGIN
  UPDATE stock
  SET available = available - wanted_quantity, reserved = reserved + wanted_quantity
  WHERE product_id = wanted_product AND available >= wanted_quantity
  RETURNING * INTO result;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'not enough of product % in stock', wanted_product USING ERRCODE = 'check_violation';
  END IF;
  RETURN result;
END;
$body$;
