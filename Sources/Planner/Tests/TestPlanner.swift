public import Base
import Columns
import Stores
public import TopologyFile

extension ErrorCode {
    public static let testUnknown = ErrorCode("test.unknown_name")
    public static let testValue = ErrorCode("test.value")
}

extension Planner {
    /// Checks tests against the plan of their topology. Tests with a finding are left out.
    public static func plan(_ tests: [TopologyTestSpecification], against plan: Plan) -> (tests: [PlannedTest], findings: [Finding]) {
        let findings = FindingCollector()
        let planned = tests.compactMap { test -> PlannedTest? in
            let inputs = test.given.compactMap { planInput($0, plan, findings) }
            let expectations = test.expect.compactMap { planExpectation($0, plan, findings) }
            guard inputs.count == test.given.count, expectations.count == test.expect.count else { return nil }
            return PlannedTest(
                name: test.name.value, location: test.name.location, inputs: inputs, advanceTo: test.advanceTo?.value,
                    expectations: expectations)
        }
        return (planned, findings.sorted)
    }

    /// More partitions than a topic has in any test.
    private static let partitionMax = 9_999

    private static func planInput(_ input: TestInput, _ plan: Plan, _ findings: FindingCollector) -> PlannedTestInput? {
        guard let index = plan.sources.firstIndex(where: { $0.name == input.source.value }) else {
            reportUnknown(input.source, "source", plan.sources.map(\.name), findings)
            return nil
        }
        let source = plan.sources[index]
        if let partition = input.partition, partition.value > partitionMax {
            findings.add(
                .testValue, "partition \(partition.value) is out of reach", remedy: "Partitions are numbered from 0 to \(partitionMax).",
                at: partition.location)
            return nil
        }
        let values: [String]?
        var isRaw = false
        switch input.records {
        case .raw(let text):
            values = [text.value]
            isRaw = true
        case .events(let events, let at): values = json(events, at: at, source, findings)
        case .series(let series): values = json(series, source, findings)
        }
        guard let values else { return nil }
        return PlannedTestInput(
            source: index, values: values, partition: input.partition.map { PartitionNumber($0.value) }, isRaw: isRaw,
                location: input.location)
    }

    private static func json(
        _ events: [TestValue], at: Located<EventTime>?, _ source: PlannedSource, _ findings: FindingCollector
    ) -> [String]? {
        var isComplete = true
        let values = events.map { event in
            var event = event
            let field = source.type.columns[source.eventTimeColumn].path
            if let at, event[field] == nil { event.set(field, to: TestValue(.string("\(at.value)"), at: at.location)) }
            isComplete = TestEventCheck.check(event, source.schema, findings) && isComplete
            return event.json
        }
        return isComplete ? values : nil
    }

    private static func json(_ series: TestInput.Series, _ source: PlannedSource, _ findings: FindingCollector) -> [String]? {
        let timeField = source.type.columns[source.eventTimeColumn].path
        guard let column = column(series.field, of: source.type, "schema '\(source.schemaName)'", findings) else { return nil }
        let type = source.type.columns[column].type
        guard type == .double || type == .int else {
            findings.add(
                .testValue, "'\(series.field.value)' is \(type.withArticle)",
                remedy: "A series' values are numbers: choose a field with field:.", at: series.field.location)
            return nil
        }
        guard let function = SeriesFunction.compile(series.value, findings), TestEventCheck.check(series.event, source.schema, findings)
        else { return nil }
        var values: [String] = []
        for time in series.times {
            let seconds = (time - series.from.value).seconds
            let value = function.value(at: seconds)
            guard value.isFinite, type == .double || abs(value) < 9e18 else {
                findings.add(
                    .seriesValue, "the value at t = \(seconds) is \(value)", remedy: "Every value is a finite number.",
                        at: series.value.location)
                return nil
            }
            let content: TestValue.Content = type == .int ? .int(Int64(value.rounded())) : .double(value, text: "\(value)")
            var event = series.event
            event.set(timeField, to: TestValue(.string("\(time)"), at: series.from.location))
            event.set(series.field.value, to: TestValue(content, at: series.value.location))
            values.append(event.json)
        }
        return values
    }

    private static func planExpectation(_ expectation: TestExpectation, _ plan: Plan, _ findings: FindingCollector) -> PlannedExpectation? {
        guard let (target, what, type) = target(of: expectation, plan, findings) else { return nil }
        let matching = expectation.matching.compactMap { condition($0, type, what, findings) }
        let row = expectation.row.compactMap { condition($0, type, what, findings) }
        guard matching.count == expectation.matching.count, row.count == expectation.row.count else { return nil }
        return PlannedExpectation(
            target: target, what: what, matching: matching, count: expectation.count, row: row, location: expectation.location)
    }

    private static func target(
        of expectation: TestExpectation, _ plan: Plan, _ findings: FindingCollector
    ) -> (PlannedExpectation.Target, String, RowType)? {
        switch expectation.target {
        case .stream(let name):
            guard let input = plan.input(named: name.value) else {
                reportUnknown(name, "source or stream", plan.sources.map(\.name) + plan.streams.map(\.name), findings)
                return nil
            }
            return (.rows(input), "stream '\(name.value)'", plan.type(of: input))
        case .view(let name):
            guard let index = plan.views.firstIndex(where: { $0.definition.name == name.value }) else {
                reportUnknown(name, "view", plan.views.map(\.definition.name), findings)
                return nil
            }
            return (.view(index), "view '\(name.value)'", plan.views[index].definition.type)
        case .deadLetters(let name):
            guard name.value == plan.topology else {
                reportUnknown(name, "topology", [plan.topology], findings)
                return nil
            }
            return (.deadLetters, "dead letters", PlannedExpectation.deadLetterType)
        }
    }

    /// A column by its path or its flattened name, and a value that it can have.
    private static func condition(
        _ condition: TestExpectation.Condition, _ type: RowType, _ what: String, _ findings: FindingCollector
    ) -> PlannedExpectation.Condition? {
        let name = condition.column
        let found = type.index(of: name.value) ?? type.index(flatName: name.value)
        guard let index = found ?? column(name, of: type, what, findings) else { return nil }
        let column = type.columns[index]
        guard condition.value.canMatch(column.type, isNullable: type.isNullable(at: index)) else {
            findings.add(
                .testValue, "'\(name.value)' is \(column.type.withArticle), which is never \(condition.value.json)",
                remedy: "Write \(column.type.withArticle)\(column.type == .string ? ", in quotes if it looks like a number" : "").",
                at: condition.value.location)
            return nil
        }
        return .init(column: index, path: column.path, value: condition.value)
    }

    static func reportUnknown(_ name: Located<String>, _ what: String, _ names: [String], _ findings: FindingCollector) {
        let nearest = nearestName(to: name.value, among: names).map { "Did you mean '\($0)'? " } ?? ""
        let there = names.isEmpty ? "There are none." : "There are: \(names.joined(separator: ", "))."
        findings.add(.testUnknown, "there is no \(what) '\(name.value)'", remedy: nearest + there, at: name.location)
    }
}
