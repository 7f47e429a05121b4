CREATE MATERIALIZED VIEW monthly_revenue AS
SELECT
  date_trunc('month', orders.placed_at AT TIME ZONE 'UTC')::date AS month,
  orders.currency_code,
  count(DISTINCT orders.id) AS orders,
  sum(order_lines.total_cents) AS revenue_cents
FROM orders
JOIN order_lines ON order_lines.order_id = orders.id
WHERE orders.status IN ('paid', 'shipped')
GROUP BY 1, 2;

-- What REFRESH MATERIALIZED VIEW CONCURRENTLY needs.
CREATE UNIQUE INDEX monthly_revenue_key ON monthly_revenue (month, currency_code);
