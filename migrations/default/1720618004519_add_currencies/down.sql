ALTER TABLE orders DROP COLUMN currency_code;
ALTER TABLE products DROP COLUMN currency_code;
DROP TABLE currencies;
