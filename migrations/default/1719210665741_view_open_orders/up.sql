CREATE VIEW open_orders AS
SELECT
  orders.id,
  orders.customer_id,
  orders.status,
  orders.placed_at,
  coalesce(sum(order_lines.total_cents), 0) AS total_cents
FROM orders
LEFT JOIN order_lines ON order_lines.order_id = orders.id
WHERE orders.status IN ('placed', 'paid')
GROUP BY orders.id;
