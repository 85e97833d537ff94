package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// printTable writes the results as a table, which shows whether the target is met.
func printTable(w io.Writer, results []result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "store\tclients\tbare/s\tservice/s\tratio\tmiddle half\tbare p50 ms\tp99 ms\tservice p50 ms\tp99 ms\t503s\ttarget\t")
	for _, r := range results {
		fmt.Fprintf(table, "%s\t%d\t%.0f\t%.0f\t%.2f\t%.2f-%.2f\t%s\t%s\t%s\t%s\t%d\t%s\t\n",
			r.engine, r.concurrency, r.bare.rate, r.service.rate,
			r.ratio(), quantile(r.ratios, 0.25), quantile(r.ratios, 0.75),
			millis(r.bare.p50), millis(r.bare.p99), millis(r.service.p50), millis(r.service.p99),
			r.unavailable, r.verdict())
	}
	return table.Flush()
}

func (r result) verdict() string {
	switch {
	case r.concurrency != targetClients:
		return ""
	case r.ratio() < targetRatio:
		return fmt.Sprintf("%.2f missed", targetRatio)
	}
	return fmt.Sprintf("%.2f met", targetRatio)
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1e3) }

func micros(d time.Duration) float64 { return float64(d.Microseconds()) }
