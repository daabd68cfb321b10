package password

import (
	"testing"
	"time"
)

// TestCalibrate calibrates on a simulated machine, where a pass over 1000 KiB takes a millisecond.
func TestCalibrate(t *testing.T) {
	measure := func(cost Cost) time.Duration { return time.Duration(cost.Memory*cost.Passes) * time.Microsecond }
	for _, row := range []struct {
		name      string
		target    time.Duration
		maxMemory uint32
		want      Cost
	}{
		{"a target below the least cost", time.Millisecond, 65536, minCost},
		{"memory before passes", 100 * time.Millisecond, 1 << 20, Cost{Memory: 47500, Passes: 2}},
		{"all the memory, then passes", 100 * time.Millisecond, 20000, Cost{Memory: 20000, Passes: 5}},
		{"no room for more memory", 100 * time.Millisecond, minCost.Memory, Cost{Memory: minCost.Memory, Passes: 5}},
		{"exactly the target", 60 * time.Millisecond, 20000, Cost{Memory: 20000, Passes: 3}},
	} {
		cost, took, err := calibrate(row.target, row.maxMemory, measure)
		if cost != row.want || took != measure(row.want) || err != nil {
			t.Errorf("%s: %+v takes %v, error %v, want %+v", row.name, cost, took, err, row.want)
		}
	}
	if _, _, err := Calibrate(time.Second, minCost.Memory-1, time.Now); err == nil {
		t.Error("less memory than OWASP recommends is no error")
	}
}

// TestMeasure checks that the shortest of three times counts.
func TestMeasure(t *testing.T) {
	times := []time.Duration{0, 5, 10, 13, 20, 27}
	now := func() time.Time {
		next := time.Unix(0, int64(times[0]))
		times = times[1:]
		return next
	}
	if took := measure(Cost{Memory: 8, Passes: 1}, now); took != 3 || len(times) > 0 {
		t.Errorf("it took %d, want 3; %d times are left", took, len(times))
	}
}
