import Base
import Columns
public import Stores

/// Storage under test. Each check gets one that is empty.
public protocol ViewStoreHarness: Sendable {
    /// Opens the storage: the first time empty, later times as what was applied before left it. The store opened before
    /// is let go without being closed, as a crash would.
    func open() throws -> any ViewStore
    /// Whether strings may hold the character U+0000 (PostgreSQL's may not).
    var holdsNUL: Bool { get }
    /// The names of all indexes of the view's table, as the database itself lists them; nil of a storage that has none.
    func indexes(of view: String) throws -> [String]?
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

    public static let checks = positionChecks + tableChecks + indexChecks + queryChecks + writtenChecks + lookupChecks + patternChecks
        + numberChecks + nameChecks + aggregateChecks + pageChecks + rebuildChecks + randomChecks

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

    /// The store answers as the model does, also by the same error.
    static func expectRows(_ store: any ViewStore, _ query: ViewQuery, _ model: ViewModel, _ what: String) throws {
        let actual = try rows { try store.query(query).rows }, expected = try rows { try model.answer(query) }
        let isSame =
            switch (actual, expected) {
            case (nil, nil): true
            case (let actual?, let expected?): Canonical.same(actual, expected)
            default: false
            }
        func shown(_ rows: [[Value]]?) -> String { rows.map { "\($0.count): \($0.prefix(5))" } ?? "view.sum_overflow" }
        try expect(
            isSame,
            "\(what): select \(query.select), filter \(query.filter), order \(query.order), after \(query.after ?? []), "
                + "limit \(query.limit), offset \(query.offset)\n got \(shown(actual))\n expected \(shown(expected))")
    }

    /// Nil where a sum is too large.
    private static func rows(_ body: () throws -> [[Value]]) throws -> [[Value]]? {
        do {
            return try body()
        } catch let error as EngineError where error.code == .viewSumOverflow {
            return nil
        }
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
