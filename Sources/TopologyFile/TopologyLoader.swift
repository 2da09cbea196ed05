public import Base

extension ErrorCode {
    public static let notTopology = ErrorCode("topology.not_topology")
}

/// What reading a topology file gave.
public struct TopologyReading: Sendable {
    /// As much as could be read; nil when the file is no topology at all. It may be planned although there are findings,
    /// to find more in the same run; only a file without errors may be run.
    public var specification: TopologySpecification?
    /// In file order.
    public var findings: [Finding]
}

/// What reading a tests file gave; a test that could not be read is not among the tests, and was reported.
public struct TestsReading: Sendable {
    public var tests: [TopologyTestSpecification]
    public var findings: [Finding]
}

/// Reads topology and tests files. Nothing throws: whatever is wrong is a finding.
public enum TopologyLoader {
    private static let testsSuffix = ".test.yaml"

    /// Whether a path is a tests file's: `NAME.test.yaml`.
    public static func isTests(path: String) -> Bool { path.hasSuffix(testsSuffix) }

    /// The topology that a tests file belongs to: `NAME.yaml` beside it. - Precondition: `isTests(path:)`.
    public static func topologyPath(ofTests path: String) -> String {
        precondition(isTests(path: path), "only a tests file has a topology beside it")
        return path.dropLast(testsSuffix.count) + ".yaml"
    }

    /// Where a topology's tests are, if it has any: `NAME.test.yaml` beside it.
    public static func testsPath(ofTopology path: String) -> String {
        let stem = path.hasSuffix(".yaml") ? path.dropLast(5) : path.hasSuffix(".yml") ? path.dropLast(4) : path[...]
        return stem + testsSuffix
    }

    /// Reads a topology from its text. - Parameter path: what findings call the file.
    public static func read(_ text: String, path: String) -> TopologyReading {
        let findings = FindingCollector()
        let root = root(text, path: path, findings)
        if let root, isTopology(root, findings) {
            let specification = TopologyFormat.read(root, findings)
            return TopologyReading(specification: specification, findings: findings.sorted)
        }
        return TopologyReading(specification: nil, findings: findings.sorted)
    }

    public static func load(path: String) -> TopologyReading {
        switch TextFile.read(path: path) {
        case .success(let text): read(text, path: path)
        case .failure(let fault): TopologyReading(specification: nil, findings: [fault.finding])
        }
    }

    /// Reads tests from their text. - Parameter path: what findings call the file.
    public static func readTests(_ text: String, path: String) -> TestsReading {
        let findings = FindingCollector()
        let tests = root(text, path: path, findings).map { TestsFormat.read($0, findings) } ?? []
        return TestsReading(tests: tests, findings: findings.sorted)
    }

    public static func loadTests(path: String) -> TestsReading {
        switch TextFile.read(path: path) {
        case .success(let text): readTests(text, path: path)
        case .failure(let fault): TestsReading(tests: [], findings: [fault.finding])
        }
    }

    private static func root(_ text: String, path: String, _ findings: FindingCollector) -> YAMLNode? {
        let start = SourceLocation(file: path, line: 1, column: 1)
        guard text.utf8.count <= TextFile.bytesMax else {
            findings.add(
                .fileTooLarge, "the file has \(text.utf8.count) bytes", remedy: "At most \(TextFile.bytesMax) are read.", at: start)
            return nil
        }
        guard !text.utf8.contains(0) else {
            findings.add(.notYAML, "the file is binary", remedy: "A topology is a YAML text.", at: start)
            return nil
        }
        let root = YAMLDocument.parse(text, file: path, into: findings)
        if root == nil || root?.isNull == true, findings.findings.isEmpty {
            findings.add(.notTopology, "the file is empty", remedy: "A topology begins with topology: NAME.", at: start)
            return nil
        }
        return root
    }

    /// Tells other files that are valid YAML from a topology that lacks something.
    private static func isTopology(_ root: YAMLNode, _ findings: FindingCollector) -> Bool {
        guard case .mapping(let entries) = root.content else {
            guard !root.isReported else { return false }
            findings.add(
                .notTopology, "the file holds \(root.described), not a topology", remedy: "A topology begins with topology: NAME.",
                at: root.location)
            return false
        }
        let keys = Set(entries.map(\.key.value))
        guard !keys.contains(TopologyFormat.topology.declaration.name) else { return true }
        let what: String
        if keys.contains("type"), keys.contains("fields") {
            what = "the file is an Avro schema, not a topology"
        } else if keys.contains(TestsFormat.tests.declaration.name) {
            what = "the file holds tests, not a topology"
        } else if keys.isDisjoint(with: TopologyFormat.object.keys.map(\.name)) {
            what = "the file is no topology"
        } else {
            return true
        }
        findings.add(
            .notTopology, what,
            remedy: "A topology has the keys \(TopologyFormat.object.names.joined(separator: ", ")). Schemas belong in schemas/NAME.avsc,"
                + " tests in NAME.test.yaml beside NAME.yaml.",
            at: root.location)
        return false
    }
}
