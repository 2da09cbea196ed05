import Base
import Testing

@testable import TopologyFile

/// The language's own example: much of it is for later versions.
private let example = #"""
    topology: rightsizing
    description: Finds machines that are too big or idle, and schedules the cheapest safe change.

    sources:
      metrics:
        topic: cloud.metrics
        schema: resource-metric
        key: [resource_id]                       # how the topic is partitioned; checked, not believed
        event_time: { field: observed_at, out_of_order: 30s, idle_after: 1m, max_ahead: 1h }
    tables:                                      # the latest value per key
      machines: { topic: cloud.machines, schema: machine, key: [resource_id] }             # partitioned like metrics
      prices:   { topic: cloud.prices, schema: price, key: [sku], everywhere: true }       # a full copy in every task

    streams:
      cpu:
        from: metrics
        filter: metric == "cpu_utilization"
      cpu_5m:
        from: cpu
        window: { tumbling: 5m, by: [resource_id], late: drop }
        aggregate:
          mean: avg(value)
          p95: quantile(value, 0.95)
          samples: count()
      on_machine:
        from: cpu_5m
        join: { table: machines, on: [resource_id], kind: left }
      cost_5m:
        from: on_machine
        map:
          cost_usd: prices != null ? prices.usd_per_hour * window.hours : 0.0
      forecast:
        from: on_machine
        predict: { value: p95, horizon: 24h, every: 1h, seasons: [24h], model: auto, intervals: [0.8, 0.95], carry: [machines] }
      downsize:
        from: forecast
        decide:
          rules:
            - name: idle
              when: peak_upper_95 < 5.0
              schedule: { cron: "0 20 * * MON-FRI", zone: 'machines.tags["timezone"]', zone_default: UTC }
          commands: cloud.commands

    outputs:
      decisions: { from: downsize, topic: cloud.decisions }
    views:
      resource_metrics: { from: cpu_5m, key: [resource_id, window.start], keep: 30d, path: /api/v1/resources/metrics }
    """#

@Test func `what the language has and this version lacks is said to be so, and nothing else is found`() throws {
    let reading = TopologyLoader.read(example, path: "rightsizing.yaml")
    #expect(reading.findings.map { "\($0.location.line) \($0.code)" } == [23, 27, 34, 37].map { "\($0) topology.not_available" })
    #expect(try #require(reading.specification).unreadable == ["cpu_5m", "on_machine", "forecast", "downsize"])
}
