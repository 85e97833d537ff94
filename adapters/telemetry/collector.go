package telemetry

import "github.com/prometheus/client_golang/prometheus"

// collector reads figures once per scrape, so that they are consistent.
type collector[Figures any] struct {
	metrics []*prometheus.Desc
	read    func() Figures // if it is nil, there are no figures
	send    func(out chan<- prometheus.Metric, f Figures)
}

// Describe implements prometheus.Collector.
func (c collector[Figures]) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.metrics {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector[Figures]) Collect(out chan<- prometheus.Metric) {
	if c.read != nil {
		c.send(out, c.read())
	}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

func counter(d *prometheus.Desc, n uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
