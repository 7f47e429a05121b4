-- hasura:no-transaction
DROP INDEX CONCURRENTLY orders_customer_id_placed_at_idx;
