-- hasura-migrate: allow mass-change, backfill-under-lock, set-not-null because there are 250 countries
ALTER TABLE countries ADD COLUMN currency_code char(3) REFERENCES currencies (code);

UPDATE countries
SET currency_code = CASE code
  WHEN 'CH' THEN 'CHF'
  WHEN 'CI' THEN 'XOF'
  WHEN 'US' THEN 'USD'
  ELSE 'EUR'
END;

ALTER TABLE countries ALTER COLUMN currency_code SET NOT NULL;
