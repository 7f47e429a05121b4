-- hasura-migrate: allow foreign-key-validates because there are few orders and products yet
CREATE TABLE currencies (
  code char(3) PRIMARY KEY CHECK (code = upper(code)),
  symbol text NOT NULL,
  minor_units smallint NOT NULL DEFAULT 2
);

INSERT INTO currencies (code, symbol) VALUES ('CHF', 'Fr.'), ('EUR', '€'), ('USD', '$');
INSERT INTO currencies (code, symbol, minor_units) VALUES ('XOF', 'F CFA', 0);

-- Every price so far was in euros.
ALTER TABLE products ADD COLUMN currency_code char(3) NOT NULL DEFAULT 'EUR' REFERENCES currencies (code);
ALTER TABLE orders ADD COLUMN currency_code char(3) NOT NULL DEFAULT 'EUR' REFERENCES currencies (code);
ALTER TABLE products ALTER COLUMN currency_code DROP DEFAULT;
ALTER TABLE orders ALTER COLUMN currency_code DROP DEFAULT;
