COMMENT ON VIEW open_orders IS NULL;
COMMENT ON TABLE payments IS NULL;
COMMENT ON TABLE orders IS NULL;
ALTER TABLE order_lines DROP CONSTRAINT order_lines_quantity_limit;
