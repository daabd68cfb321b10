package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/planoauth/planoauth/gen/client"
)

// heard says how long a replica took tokens for good that had been revoked.
type heard struct {
	*client.API
	accepted int             // checks that began after the change
	after    []time.Duration // until the answer that refused one
}

// revocation ends sessions that two replicas keep, and asks both without a pause until they refuse.
func (b *bench) revocation(ctx context.Context, d *data, urls ...string) {
	note("revocation")
	for kind, change := range []struct {
		what   string
		answer bool // the first replica makes it, and so must know at once; otherwise neither does
		make   func(first *client.API, token client.RequestEditorFn, user int64)
	}{
		{"sessions/delete", true, func(first *client.API, token client.RequestEditorFn, _ int64) {
			succeeded(first.SessionsDelete(ctx, client.SessionsDeleteParams{}, token))
		}},
		{"password change", true, func(first *client.API, _ client.RequestEditorFn, user int64) {
			signedIn := succeeded(first.SessionsCreate(ctx, client.SessionsCreateParams{Email: fmt.Sprintf("user%d@example.com", user), Password: password, Application: product}))
			another := client.WithToken(signedIn.(client.SessionsCreateActionSuccessful).Data.Token)
			succeeded(first.UsersPasswordUpdate(ctx, client.UsersPasswordUpdateParams{CurrentPassword: password, Password: "nanoseconds on a wire"}, another))
		}},
		{"SQL", false, func(_ *client.API, _ client.RequestEditorFn, user int64) {
			_, err := d.Pool.Exec(ctx, "UPDATE clients SET active = false WHERE user_id = $1", user)
			check(err)
		}},
	} {
		replicas := make([]heard, len(urls))
		for i, url := range urls {
			var err error
			replicas[i].API, err = client.New(url)
			check(err)
		}
		for i := range b.tries {
			n := kind*b.tries + i
			token := client.WithToken(d.tokens[n])
			for _, replica := range replicas {
				succeeded(replica.SessionsRead(ctx, client.SessionsReadParams{}, token))
			}
			change.make(replicas[0].API, token, d.owner(n))
			awaitRefusals(ctx, replicas, token)
		}
		if change.answer {
			b.add("revoked by "+change.what+", the same replica", replicas[0].times(), "at once", replicas[0].accepted == 0)
			replicas = replicas[1:]
		}
		all := heard{}
		for _, replica := range replicas {
			all.after = append(all.after, replica.after...)
		}
		b.add("revoked by "+change.what+", other replicas", all.times(), "<= 100 ms", slices.Max(all.after) <= 100*time.Millisecond)
	}
}

// awaitRefusals asks all replicas continuously until each refuses the token.
func awaitRefusals(ctx context.Context, replicas []heard, token client.RequestEditorFn) {
	changed := time.Now()
	failures := make([]error, len(replicas))
	var asking sync.WaitGroup
	for i := range replicas {
		asking.Go(func() {
			for r := &replicas[i]; ; r.accepted++ {
				outcome, err := r.SessionsRead(ctx, client.SessionsReadParams{}, token)
				if err == nil && outcome.Slug() == "action-successful" {
					continue
				}
				failures[i] = err
				r.after = append(r.after, time.Since(changed))
				return
			}
		})
	}
	asking.Wait()
	for _, err := range failures {
		check(err)
	}
}

func succeeded[T client.Outcome](outcome T, err error) client.Outcome {
	check(err)
	if outcome.Slug() != "action-successful" {
		check(fmt.Errorf("the outcome is %T", outcome))
	}
	return outcome
}

func (h *heard) times() string {
	slices.Sort(h.after)
	return fmt.Sprintf("p50 %.1f, p99 %.1f, max %.1f ms", milliseconds(quantile(h.after, 0.5)), milliseconds(quantile(h.after, 0.99)), milliseconds(slices.Max(h.after)))
}
