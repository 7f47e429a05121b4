-- The lock of the first statement is held until the end of the file. For a large table, VALIDATE belongs in the next migration.
ALTER TABLE order_lines ADD CONSTRAINT order_lines_quantity_limit CHECK (quantity <= 10000) NOT VALID;
-- hasura-migrate: allow check-validates because order_lines is small
ALTER TABLE order_lines VALIDATE CONSTRAINT order_lines_quantity_limit;

COMMENT ON TABLE orders IS 'A customer''s order; a draft is a basket.';
COMMENT ON TABLE payments IS 'Attempts to pay; at most one succeeds for each order.';
COMMENT ON VIEW open_orders IS 'Orders that still have to be shipped, with their totals.';
