import Base
import Metrics
import MetricsTestKit
import Telemetry
import Testing

@Test func `an event changes its metrics whether or not its line is wanted`() throws {
    let metrics = TestMetrics()
    withMetricsFactory(metrics) {
        Telemetry.emit(OrderShipped(to: "Rome", parcels: 2))
        Telemetry.emit(OrderShipped(to: "Rome", parcels: 3))
        Telemetry.emit(OrderShipped(to: "Oslo", parcels: 1))
    }
    #expect(try metrics.expectCounter("parcels_total", [("to", "Rome")]).totalValue == 5)
    #expect(try metrics.expectCounter("parcels_total", [("to", "Oslo")]).totalValue == 1)
    #expect(try metrics.expectGauge("weight_kilograms").lastValue == 1.5)
}
