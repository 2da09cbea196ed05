import Base
import Metrics
import MetricsTestKit
import Testing

@testable import Telemetry

extension MetricDeclaration {
    static let parcels = MetricDeclaration("parcels_total", .counter, labels: ["to"], "Parcels that were shipped.")
    static let weight = MetricDeclaration("weight_kilograms", .gauge, "Weight of the latest parcel.")
}

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

@Test func `the registry writes what events changed, with help and type, in the order of names and labels`() {
    let registry = MetricsRegistry([.weight, .parcels])
    withMetricsFactory(registry) {
        Telemetry.emit(OrderShipped(to: "Rome", parcels: 2))
        Telemetry.emit(OrderShipped(to: "Oslo", parcels: 1))
        Telemetry.emit(OrderShipped(to: "Rome", parcels: 3))
    }
    #expect(
        registry.text() == """
            # HELP parcels_total Parcels that were shipped.
            # TYPE parcels_total counter
            parcels_total{to="Oslo"} 1
            parcels_total{to="Rome"} 5
            # HELP weight_kilograms Weight of the latest parcel.
            # TYPE weight_kilograms gauge
            weight_kilograms 1.5

            """)
    #expect(registry.refused.isEmpty)
}
