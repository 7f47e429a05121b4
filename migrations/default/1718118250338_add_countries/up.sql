CREATE TABLE countries (
  code char(2) PRIMARY KEY CHECK (code = upper(code)),
  name text NOT NULL
);

INSERT INTO countries (code, name) VALUES
  ('AT', 'Austria'),
  ('CH', 'Switzerland'),
  ('CI', 'Côte d''Ivoire'),
  ('DE', 'Germany'),
  ('FR', 'France'),
  ('NL', 'Netherlands'),
  ('US', 'United States');

ALTER TABLE customers ADD COLUMN country_code char(2) REFERENCES countries (code);
