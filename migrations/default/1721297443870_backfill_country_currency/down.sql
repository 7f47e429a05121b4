ALTER TABLE countries DROP COLUMN currency_code;
