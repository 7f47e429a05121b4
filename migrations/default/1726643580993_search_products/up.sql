-- hasura-migrate: allow column-rewrite, index-blocks-writes because there are 2,000 products
ALTER TABLE products ADD COLUMN search tsvector
  GENERATED ALWAYS AS (
    setweight(to_tsvector('simple', name), 'A') || setweight(to_tsvector('simple', description), 'B')
  ) STORED;

CREATE INDEX products_search_idx ON products USING gin (search);
