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
        if let partition = input.partition, partition.value > partitionMax {
            findings.add(
                .testValue, "partition \(partition.value) is out of reach", remedy: "Partitions are numbered from 0 to \(partitionMax).",
                at: partition.location)
            return nil
        }
        let target: PlannedTestInput.Target
        let values: [String]?
        var planned: PlannedTestInput?
        switch input.target {
        case .source(let name):
            guard let index = plan.sources.firstIndex(where: { $0.name == name.value }) else {
                reportUnknown(name, "source", plan.sources.map(\.name), findings)
                return nil
            }
            target = .source(index)
            values = self.values(of: input.records, plan.sources[index], findings)
        case .table(let name):
            guard let index = plan.tables.firstIndex(where: { $0.name == name.value }) else {
                reportUnknown(name, "table", plan.tables.map(\.name), findings)
                return nil
            }
            target = .table(index)
            values = self.values(of: input.records, plan.tables[index], findings)
        }
        if let values {
            planned = PlannedTestInput(
                target: target, values: values, partition: input.partition.map { PartitionNumber($0.value) }, isRaw: false,
                location: input.location)
        }
        if case .raw = input.records { planned?.isRaw = true }
        if case .deletion = input.records { planned?.isDeletion = true }
        return planned
    }

    private static func values(of records: TestInput.Records, _ source: PlannedSource, _ findings: FindingCollector) -> [String]? {
        switch records {
        case .raw(let text): return [text.value]
        case .series(let series): return json(series, source, findings)
        case .events(let events, let at):
            let field = source.type.columns[source.eventTimeColumn].path
            return json(events, source.schema, findings) { event in
                if let at, event[field] == nil { event.set(field, to: TestValue(.string("\(at.value)"), at: at.location)) }
            }
        // A source has no deletions; reading the file reported one.
        case .deletion: return nil
        }
    }

    private static func values(of records: TestInput.Records, _ table: PlannedTable, _ findings: FindingCollector) -> [String]? {
        switch records {
        case .raw(let text): return [text.value]
        case .events(let events, _): return json(events, table.schema, findings)
        case .deletion(let key):
            let missing = table.keyColumns.map { table.type.columns[$0].path }.filter { key[$0] == nil }
            guard missing.isEmpty else {
                findings.add(
                    .testValue, "'deleted' lacks \(missing.joined(separator: ", ")), by which table '\(table.name)' is keyed",
                    remedy: "Give each field of the key.", at: key.location)
                return nil
            }
            return json([key], table.schema, findings)
        // A table has no time that a series could have; reading the file reported one.
        case .series: return nil
        }
    }

    private static func json(
        _ events: [TestValue], _ schema: Schema, _ findings: FindingCollector, _ complete: (inout TestValue) -> Void = { _ in }
    ) -> [String]? {
        var isComplete = true
        let values = events.map { event in
            var event = event
            complete(&event)
            isComplete = TestEventCheck.check(event, schema, findings) && isComplete
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
