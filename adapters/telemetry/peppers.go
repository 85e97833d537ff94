package telemetry

import "github.com/prometheus/client_golang/prometheus"

func pepperMismatches(read func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "pepper_mismatches",
		Help: "Configured peppers that are not the ones used under their ids before.",
	}, func() float64 { return float64(read()) })
}
