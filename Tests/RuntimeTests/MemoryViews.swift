import Base
import Columns
import Stores
import Runtime
import Synchronization

/// Views as dictionaries, for tests of who fills them. Fault model: nothing fails; a change from the wrong position is a
/// conflict, as everywhere.
final class MemoryViews: ViewStore {
    let queriesMax = 4
    let lookups = (together: 1, calls: 1)
    struct Row: Equatable {
        var eventTime: EventTime
        var values: [String: Value]
    }

    struct View {
        var definition: ViewDefinition
        var rows: [[Value]: Row] = [:]
        var positions: [PartitionNumber: ViewPosition] = [:]
    }

    private let views = Mutex<[String: View]>([:])

    subscript(name: String) -> View? { views.withLock { $0[name] } }

    func prepare(_ view: ViewDefinition) throws {
        views.withLock { views in
            if views[view.name] == nil { views[view.name] = View(definition: view) }
        }
    }

    func positions(of view: String, log: LogID) throws -> [PartitionNumber: ViewPosition] { self[view]?.positions ?? [:] }

    func apply(_ change: ViewChange) throws -> ViewOutcome {
        let rows = (0..<change.upserts.count).map { index in
            let values = change.upserts.row(index).map { (RowType.Column($0.key, .bool).flatName, $0.value) }
            let time = EventTime(microseconds: change.upserts.eventTimes.words[index])
            return Row(eventTime: time, values: Dictionary(uniqueKeysWithValues: values))
        }
        return views.withLock { views in
            guard var view = views[change.view] else { return .conflict(actual: .zero) }
            let actual = view.positions[change.partition]?.next ?? .zero
            guard actual == change.expected else { return .conflict(actual: actual) }
            if let starts = change.startsOver {
                view.rows = [:]
                for (partition, start) in starts { view.positions[partition] = ViewPosition(next: start, watermark: .earliest) }
            }
            for row in rows { view.rows[view.definition.key.map { row.values[$0] ?? .null }] = row }
            if let time = change.expireBefore { view.rows = view.rows.filter { $0.value.eventTime >= time } }
            view.positions[change.partition] = change.position
            views[change.view] = view
            return .applied
        }
    }

    func rebuild(of view: String) throws -> ViewRebuild? { nil }
    func finishRebuild(of view: String, number: Int64, at now: EventTime) throws -> RebuildOutcome { .over }
    func cancelRebuild(of view: String, at now: EventTime) throws -> Bool { false }

    /// Rebuilds are shown on real stores.
    func beginRebuild(of view: String, at now: EventTime) throws -> ViewRebuild {
        throw EngineError(.unexpected, .internal, "these views are not rebuilt")
    }

    func rowCount(of view: String) throws -> Int { self[view]?.rows.count ?? 0 }

    /// Nobody asks here.
    func query(_ query: ViewQuery) throws -> ViewRows {
        throw EngineError(.unexpected, .internal, "these views are looked at, not queried")
    }
}
