-- In two steps: NOT VALID takes the strong lock for a moment only, VALIDATE reads the table under a weak one.
ALTER TABLE order_lines ADD CONSTRAINT order_lines_quantity_limit CHECK (quantity <= 10000) NOT VALID;
ALTER TABLE order_lines VALIDATE CONSTRAINT order_lines_quantity_limit;

COMMENT ON TABLE orders IS 'A customer''s order; a draft is a basket.';
COMMENT ON TABLE payments IS 'Attempts to pay; at most one succeeds for each order.';
COMMENT ON VIEW open_orders IS 'Orders that still have to be shipped, with their totals.';
