import Base
public import Stores

/// Storage under test. Each check gets one that is empty.
public protocol ViewStoreHarness: Sendable {
    /// Opens the storage: the first time empty, later times as what was applied before left it. The store opened before
    /// is let go without being closed, as a crash would.
    func open() throws -> any ViewStore
    /// Whether strings may hold the character U+0000 (PostgreSQL's may not).
    var holdsNUL: Bool { get }
}

/// The contract of `ViewStore`, as checks that every implementation passes:
/// ```swift
/// @Test(arguments: ViewConformance.checks)
/// func `SQLite keeps the contract`(_ check: ViewConformance.Check) throws { try check.run(Harness()) }
/// ```
public enum ViewConformance {
    public struct Check: Sendable, CustomStringConvertible {
        /// A sentence: what holds.
        public let description: String
        public let run: @Sendable (any ViewStoreHarness) throws -> Void
    }

    public static let checks = positionChecks + tableChecks + queryChecks + randomChecks

    /// A contract that was not kept.
    public struct Violation: Error, CustomStringConvertible {
        public let description: String
    }
}

extension ViewConformance {
    static func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw Violation(description: message()) }
    }

    static func expectEqual<T: Equatable>(_ actual: T, _ expected: T, _ what: String) throws {
        try expect(actual == expected, "\(what): \(actual), expected \(expected)")
    }

    static func expectRows(_ store: any ViewStore, _ query: ViewQuery, _ model: ViewModel, _ what: String) throws {
        let actual = try store.query(query).rows, expected = model.answer(query)
        try expect(
            Canonical.same(actual, expected),
            "\(what): \(actual.count) rows, expected \(expected.count); filter \(query.filter), order \(query.order), "
                + "limit \(query.limit), offset \(query.offset)\n got \(actual.prefix(5))\n expected \(expected.prefix(5))")
    }

    static func expectError(_ code: String, naming words: [String] = [], _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as EngineError {
            try expectEqual(error.code.text, code, "the error's code")
            try expect(error.remedy != nil, "\(code) comes without a remedy")
            for word in words { try expect(error.description.contains(word), "\(code) does not name '\(word)': \(error)") }
            return
        }
        throw Violation(description: "expected \(code), and nothing was thrown")
    }
}
