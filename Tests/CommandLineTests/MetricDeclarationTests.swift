import Foundation
import Telemetry
import Testing

@testable import pioneer

/// What Prometheus' conventions (https://prometheus.io/docs/practices/naming/) and `promtool check metrics` ask of names,
/// and that the page tells what is declared.
@Suite struct MetricDeclarationTests {
    private let all = Metrics.all

    @Test func `metrics have names of their own, with prefix, unit and kind as Prometheus wants them`() throws {
        #expect(Set(all.map(\.name)).count == all.count)
        for metric in all {
            let name = metric.name
            #expect(name.wholeMatch(of: /(pioneer|process)(_[a-z0-9]+)+/) != nil, "\(name)")
            #expect((metric.kind == .counter) == name.hasSuffix("_total"), "\(name) is a \(metric.kind)")
            #expect(!["_count", "_sum", "_bucket", "_info_total"].contains { name.hasSuffix($0) }, "\(name)")
            let base = metric.kind == .counter ? String(name.dropLast("_total".count)) : name
            for unit in MetricDeclaration.Unit.allCases {
                #expect((metric.unit == unit) == base.hasSuffix("_" + unit.rawValue), "\(name) is in \(metric.unit?.rawValue ?? "no unit")")
            }
            #expect(metric.kind != .histogram || metric.unit == .seconds, "\(name)")
            #expect(!["_ms", "_milliseconds", "_minutes", "_kb", "_megabytes", "_percent"].contains { name.contains($0) }, "\(name)")
            #expect(metric.help.hasSuffix(".") && metric.help.count > 10, "\(name)")
            #expect(metric.labels.allSatisfy { $0.wholeMatch(of: /[a-z]+(_[a-z]+)*/) != nil && $0 != "le" }, "\(name)")
            #expect(Set(metric.labels).count == metric.labels.count, "\(name)")
        }
    }

    @Test func `the page of metrics has the words of the declarations, and nothing else`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "Sources/Telemetry/Telemetry.docc/Metrics.md"), encoding: .utf8)
        let listed = Set(page.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init))
        let declared = Set(all.map { metric in
            let labels = metric.labels.isEmpty ? "-" : metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(metric.name)` | \(metric.kind) | \(labels) | \(metric.help) |"
        })
        #expect(declared.subtracting(listed).sorted() == [], "are declared so, and the page says otherwise")
        #expect(listed.subtracting(declared).sorted() == [], "are on the page, and declared otherwise")
    }
}
