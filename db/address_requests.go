package db

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// AddressRequests is a number of requests from one address within a few seconds.
type AddressRequests struct {
	Slot     time.Time // when they begin; the column minute
	Address  string
	Requests int
}

// ExchangeAddressRequests adds counts to those of all replicas and returns the new totals of the same addresses
// since a time. Older counts are deleted.
func (d *DB) ExchangeAddressRequests(ctx context.Context, counts []AddressRequests, since time.Time) ([]AddressRequests, error) {
	// Replicas lock the rows in the same order, so that they do not deadlock.
	slices.SortFunc(counts, func(a, b AddressRequests) int {
		return cmp.Or(a.Slot.Compare(b.Slot), cmp.Compare(a.Address, b.Address))
	})
	slots, addresses, requests := make([]time.Time, len(counts)), make([]string, len(counts)), make([]int64, len(counts))
	for i, c := range counts {
		slots[i], addresses[i], requests[i] = c.Slot, c.Address, int64(c.Requests)
	}
	batch := &pgx.Batch{}
	batch.Queue("DELETE FROM address_requests WHERE minute < $1", since)
	batch.Queue(`
INSERT INTO address_requests (minute, address, requests) SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::bigint[])
ON CONFLICT (minute, address) DO UPDATE SET requests = address_requests.requests + excluded.requests`, slots, addresses, requests)
	batch.Queue("SELECT minute, address, requests FROM address_requests WHERE minute >= $1 AND address = ANY($2)", since, addresses)
	results := d.Pool.SendBatch(ctx, batch)
	defer results.Close()
	for range 2 {
		if _, err := results.Exec(); err != nil {
			return nil, err
		}
	}
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[AddressRequests])
}

// AddressRequests returns the totals of all replicas since a time, those of most requests first.
func (d *DB) AddressRequests(ctx context.Context, since time.Time, most int) ([]AddressRequests, error) {
	rows, err := d.Pool.Query(ctx,
		"SELECT minute, address, requests FROM address_requests WHERE minute >= $1 ORDER BY requests DESC LIMIT $2", since, most)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[AddressRequests])
}
