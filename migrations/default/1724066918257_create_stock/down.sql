DROP FUNCTION reserve_stock(uuid, integer);
DROP TABLE stock;
