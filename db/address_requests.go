package db

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// AddressRequests is a number of requests from one address within one minute.
type AddressRequests struct {
	Address  string
	Requests int
}

// AddAddressRequests adds counts to those of all replicas and returns the new totals of the same addresses.
func (d *DB) AddAddressRequests(ctx context.Context, minute time.Time, counts []AddressRequests) ([]AddressRequests, error) {
	// Replicas lock the rows in the same order, so that they do not deadlock.
	slices.SortFunc(counts, func(a, b AddressRequests) int { return cmp.Compare(a.Address, b.Address) })
	addresses, requests := make([]string, len(counts)), make([]int64, len(counts))
	for i, c := range counts {
		addresses[i], requests[i] = c.Address, int64(c.Requests)
	}
	rows, err := d.Pool.Query(ctx, `
INSERT INTO address_requests (minute, address, requests) SELECT $1, * FROM unnest($2::text[], $3::bigint[])
ON CONFLICT (minute, address) DO UPDATE SET requests = address_requests.requests + excluded.requests
RETURNING address, requests`, minute, addresses, requests)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[AddressRequests])
}

// AddressRequests returns the totals of all replicas in a minute.
func (d *DB) AddressRequests(ctx context.Context, minute time.Time) ([]AddressRequests, error) {
	rows, err := d.Pool.Query(ctx, "SELECT address, requests FROM address_requests WHERE minute = $1", minute)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[AddressRequests])
}
