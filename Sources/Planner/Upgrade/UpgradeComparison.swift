import Base
import Operators
import Stores

// What the next version of a topology finds of the last: facts in, verdicts out.
//
// 1. Each task is compared by itself: after a deployment that was cut short they have not all run the same.
// 2. Per stream, table and view the heaviest verdict of any task counts; bytes of state add up.
// 3. A task that stands behind another one which runs the wanted version already is being brought there: that was approved,
//    or lost nothing, when it began.
// 4. One rebuild, and the whole topology starts over: what descends from a stream's rows would not fit those made again.

extension UpgradePlan {
    /// - Parameter next: `Deployment.init(_:)` of the plan to be deployed.
    public init(topology: String, from facts: UpgradeFacts, to next: Deployment) {
        self.topology = topology
        version = next.version
        let running = facts.tasks.compactMap(\.deployment)
        self.running = Set(running.map(\.version)).sorted()
        let target = next.unresolved
        var compared: [Compared] = []
        for task in facts.tasks {
            guard let former = task.deployment else { continue }
            let isBegun = running.contains { $0.unresolved == target && $0.number > former.number }
            for var part in TaskComparison(task, former, next).changes {
                if isBegun { part.change.loses = part.change.verdict == .rebuild }
                Self.merge(part, into: &compared)
            }
        }
        var merged = compared.map(\.change)
        if running.isEmpty {
            merged = next.streams.map { Change(.stream, $0.name, .new) } + next.views.map { Change(.view, $0.name, .new) }
        }
        for index in merged.indices where merged[index].part == .view && merged[index].verdict != .new {
            merged[index].rows = facts.viewRows[merged[index].name]
        }
        if merged.contains(where: { $0.verdict == .rebuild }) { Self.startOver(&merged) }
        changes = merged.filter { $0.part != .view } + merged.filter { $0.part == .view }
        let positions = Dictionary(facts.tasks.flatMap(\.positions).map { ($0.input, $0.next.number) }) { first, _ in first }
        inputs = facts.ranges.sorted { $0.key < $1.key }.map { input, range in
            Input(
                topic: input.topic.text, partition: Int(input.partition.number), first: range.first.number, end: range.end.number,
                next: positions[input])
        }
        hash = ""
        hash = makeHash(running, target)
    }

    private static func merge(_ part: Compared, into merged: inout [Compared]) {
        let change = part.change
        guard let index = merged.firstIndex(where: { $0.isSame(as: part) }) else {
            merged.append(part)
            return
        }
        let other = merged[index].change
        var heaviest = change.verdict.weight > other.verdict.weight ? change : other
        heaviest.loses = change.loses || other.loses
        if change.stateBytes != nil || other.stateBytes != nil {
            heaviest.stateBytes = (change.stateBytes ?? 0) + (other.stateBytes ?? 0)
        }
        merged[index].change = heaviest
    }

    /// What could be kept is made again with the rest.
    private static func startOver(_ changes: inout [Change]) {
        for index in changes.indices where [.keep, .migrate].contains(changes[index].verdict) {
            switch changes[index].part {
            case .stream where changes[index].stateBytes != nil:
                changes[index] = changes[index].with(.rebuild, why: ["the topology starts over"])
            case .view: changes[index] = changes[index].with(.rebuild, why: ["it is emptied and filled again"] + changes[index].why)
            case .stream, .table: break
            }
        }
    }

    /// Over what decides whether the plan is the one that was read: how much there is of each does not count, for it goes on
    /// growing; that the log has let go of more of what a rebuild needs does.
    private func makeHash(_ running: [Deployment], _ target: Deployment) -> String {
        var hash = StableHash()
        // Of the form itself.
        hash.combine(1)
        hash.combine(topology)
        hash.combine(Set(running.map(\.unresolved)).map { StableHash.hex(of: $0.encoded) }.sorted())
        hash.combine(StableHash.hex(of: target.encoded))
        hash.combine(changes.map { "\($0.part.rawValue) \($0.name) \($0.verdict.rawValue) \($0.loses)" })
        if startsOver { hash.combine(inputs.map { "\($0.topic)[\($0.partition)] \($0.first)" }) }
        return String(hash.hex.prefix(16))
    }
}

extension UpgradePlan.Verdict {
    fileprivate var weight: Int {
        switch self {
        case .new: 0
        case .keep: 1
        case .migrate: 2
        case .reload: 3
        case .drop: 4
        case .rebuild: 5
        }
    }
}

extension UpgradePlan.Change {
    fileprivate func with(_ verdict: UpgradePlan.Verdict, why: [String]) -> Self {
        var change = self
        change.verdict = verdict
        change.why = why
        change.loses = true
        return change
    }
}

/// What becomes of one part in one task. What is gone may have the name of something that goes on, or begins: that has got it.
private struct Compared {
    var change: UpgradePlan.Change
    var isGone: Bool

    func isSame(as other: Compared) -> Bool {
        change.part == other.change.part && change.name == other.change.name && isGone == other.isGone
    }
}

/// One task's deployments compared.
private struct TaskComparison {
    private let task: UpgradeFacts.Task
    private let former: Deployment
    private let next: Deployment

    init(_ task: UpgradeFacts.Task, _ former: Deployment, _ next: Deployment) {
        self.task = task
        self.former = former
        self.next = next
    }

    var changes: [Compared] {
        let formers = StateNames.formers(of: next.streams, in: former.streams)
        func compared(_ changes: [UpgradePlan.Change], isGone: Bool = false) -> [Compared] {
            changes.map { Compared(change: $0, isGone: isGone) }
        }
        return compared(streams(formers)) + compared(goneStreams(formers), isGone: true) + compared(tables + views)
            + compared(goneViews, isGone: true)
    }

    // MARK: Streams

    private func streams(_ formers: [Int?]) -> [UpgradePlan.Change] {
        zip(next.streams, formers).map { stream, before in
            before.map { compare(stream, former.streams[$0]) } ?? new(stream)
        }
    }

    private func goneStreams(_ formers: [Int?]) -> [UpgradePlan.Change] {
        former.streams.indices.filter { !formers.contains($0) }.map { index in
            let stream = former.streams[index]
            guard !stream.stateName.isEmpty else { return UpgradePlan.Change(.stream, stream.name, .drop) }
            return measured(UpgradePlan.Change(.stream, stream.name, .drop, why: ["its state is cleared"], loses: true), stream)
        }
    }

    private func new(_ stream: Deployment.Stream) -> UpgradePlan.Change {
        var change = UpgradePlan.Change(.stream, stream.name, .new)
        guard stream.layout != nil, former.isKnown || !former.streams.isEmpty else { return change }
        change.why = [startText(stream.origins)]
        return change
    }

    /// Where something begins whose rows come from there: behind what has been read, or at the first record.
    private func startText(_ origins: [String]) -> String {
        let topics = Set(origins.map(Deployment.Source.topic(of:))).sorted()
        let places = topics.map { topic in
            position(in: topic).map { "offset \($0.next) of \($0.input)" } ?? "the first record of \(topic)"
        }
        let isBegun = topics.contains { position(in: $0) != nil }
        return "it begins at \(places.joined(separator: " and "))" + (isBegun ? ": earlier rows are not in it" : "")
    }

    /// The least partition's, where any was read.
    private func position(in topic: String) -> EpochRecord.InputPosition? {
        task.positions.filter { $0.input.topic.text == topic }.min { $0.input < $1.input }
    }

    private func measured(_ change: UpgradePlan.Change, _ stream: Deployment.Stream) -> UpgradePlan.Change {
        var change = change
        change.stateBytes = task.bytes[stream.stateName] ?? 0
        return change
    }

    private func compare(_ stream: Deployment.Stream, _ before: Deployment.Stream) -> UpgradePlan.Change {
        let renamed = stream.name == before.name ? [] : ["it was '\(before.name)'"]
        guard let layout = stream.layout else {
            // Nothing is stored of what it is now.
            guard !before.stateName.isEmpty else {
                let changed = !before.text.isEmpty && before.text != stream.text
                let why = renamed + (changed ? ["its definition changed: rows from now on follow the new one"] : [])
                return UpgradePlan.Change(.stream, stream.name, .keep, why: why)
            }
            let change = UpgradePlan.Change(
                .stream, stream.name, .drop, why: renamed + ["it has no state any more: what there is is cleared"], loses: true)
            return measured(change, before)
        }
        guard !before.stateName.isEmpty else { return new(stream) }
        func change(_ verdict: UpgradePlan.Verdict, _ why: [String], loses: Bool = false) -> UpgradePlan.Change {
            measured(UpgradePlan.Change(.stream, stream.name, verdict, why: renamed + why, loses: loses || verdict == .rebuild), before)
        }
        if former.isKnown, stream.origins != before.origins {
            let (was, now) = (before.origins.joined(separator: "; "), stream.origins.joined(separator: "; "))
            return change(.rebuild, ["its rows came from \(was), and now come from \(now)"])
        }
        if former.isKnown, stream.hop != before.hop {
            let why = "its rows came \(hopText(before.hop)), and now come \(hopText(stream.hop))"
            return change(.rebuild, [why + hopRemedy(stream, before)])
        }
        var fed = former.isKnown && stream.feed != before.feed
            ? ["what feeds it changed: open windows will have rows from before and after"] : []
        let losesRows = former.isKnown && stream.hopRows != before.hopRows
        if losesRows {
            // There are some at almost any time: marks and rows of an epoch are read by the next one's. So it does not depend on
            // how many there are just now, and the plan's hash does not either.
            let what = "rows that are on their way through \(stream.hop) become dead letters (hop.layout): their fields have changed"
            fed.insert(what, at: 0)
        }
        let stored = task.windows[before.stateName] ?? StoredWindows()
        switch WindowCarry.decide(stored, to: layout, legacyText: stream.legacyLayout) {
        case .impossible(let reason): return change(.rebuild, [reason])
        case .asItIs: return change(renamed.isEmpty ? .keep : .migrate, fed, loses: losesRows)
        case .converted(_, let givenUp):
            let what = givenUp.isEmpty ? "its aggregates are stored in another order" : "it gives up \(givenUp.joined(separator: ", "))"
            return change(.migrate, [what] + fed, loses: losesRows)
        }
    }

    /// The topic's name is of the file alone, so that a window behind one can be renamed once, and stays told of it.
    private func hopRemedy(_ stream: Deployment.Stream, _ before: Deployment.Stream) -> String {
        guard let first = before.renamedFrom, before.hop.hasSuffix("." + first), !stream.hop.isEmpty else { return "" }
        let isRenamed = stream.name != before.name
        return "; to keep its state, keep " + (isRenamed ? "the name '\(before.name)' and " : "") + "'renamed_from: \(first)' in the file"
            + (isRenamed ? ": what takes its rows through an internal topic can be renamed only once" : "")
    }

    private func hopText(_ hop: String) -> String { hop.isEmpty ? "straight from the source" : "through \(hop)" }

    // MARK: Tables

    private var tables: [UpgradePlan.Change] {
        let formers = StateNames.formers(of: next.tables, in: former.tables)
        var changes: [UpgradePlan.Change] = []
        for (table, before) in zip(next.tables, formers) where !table.isEverywhere {
            guard let before else {
                let isThere = former.tables.contains { $0.name == table.name && !$0.isEverywhere }
                let why = isThere ? ["it is of another topic or key, and read again from its topic"] : ["it is read from its topic"]
                changes.append(UpgradePlan.Change(.table, table.name, isThere ? .reload : .new, why: why))
                continue
            }
            let old = former.tables[before]
            var change = UpgradePlan.Change(.table, table.name, old.name == table.name ? .keep : .migrate)
            if old.name != table.name { change.why = ["it was '\(old.name)'"] }
            change.stateBytes = task.bytes[old.stateName] ?? 0
            changes.append(change)
        }
        for (index, table) in former.tables.enumerated() where !table.isEverywhere && !formers.contains(index) {
            guard !next.tables.contains(where: { $0.name == table.name }) else { continue }
            // Its topic has all of it: should it come back, it is read again.
            changes.append(UpgradePlan.Change(.table, table.name, .drop, why: ["its topic still has its rows"]))
        }
        return changes
    }

    // MARK: Views

    private var views: [UpgradePlan.Change] {
        // What views there were is not known then; the tables themselves refuse what does not fit them.
        guard former.isKnown else { return next.views.map { UpgradePlan.Change(.view, $0.name, .keep) } }
        return next.views.map { view in
            guard let before = former.views.first(where: { $0.name == view.name }) else {
                let origins = next.origins(ofFeed: view.feed)
                let isBegun = origins.isEmpty || origins.contains { position(in: Deployment.Source.topic(of: $0)) != nil }
                return UpgradePlan.Change(.view, view.name, .new, why: [isBegun ? "it has the rows from now on" : startText(origins)])
            }
            return compare(view, before)
        }
    }

    private var goneViews: [UpgradePlan.Change] {
        guard former.isKnown else { return [] }
        return former.views.filter { view in !next.views.contains { $0.name == view.name } }.map {
            UpgradePlan.Change(.view, $0.name, .drop, why: ["its rows go"], loses: true)
        }
    }

    private func compare(_ view: Deployment.View, _ before: Deployment.View) -> UpgradePlan.Change {
        func names(_ columns: [String]) -> [String: String] {
            Dictionary(
                columns.map { column in
                    let parts = column.split(separator: " ", maxSplits: 1).map(String.init)
                    // Whether a column may be null makes no other column of it.
                    return (parts[0], parts.count > 1 && parts[1].hasSuffix("?") ? String(parts[1].dropLast()) : parts.last ?? "")
                }
            ) { first, _ in first }
        }
        let old = names(before.columns), new = names(view.columns)
        var change = UpgradePlan.Change(.view, view.name, .keep)
        if view.key != before.key {
            let (was, now) = (before.key.joined(separator: ", "), view.key.joined(separator: ", "))
            return change.with(.rebuild, why: ["its key was [\(was)] and is now [\(now)]: it is emptied and filled again"])
        }
        func keyColumn(_ name: String, _ view: Deployment.View) -> String? { view.columns.first { $0.hasPrefix(name + " ") } }
        if let other = view.key.first(where: { keyColumn($0, view) != keyColumn($0, before) }) {
            return change.with(.rebuild, why: ["column '\(other)' of its key is of another type: it is emptied and filled again"])
        }
        if let changed = new.keys.sorted().first(where: { name in old[name].map { $0 != new[name] } ?? false }) {
            let (was, now) = (old[changed] ?? "", new[changed] ?? "")
            return change.with(.rebuild, why: ["column '\(changed)' was \(was) and is now \(now): it is emptied and filled again"])
        }
        let added = new.keys.filter { old[$0] == nil }.sorted(), left = old.keys.filter { new[$0] == nil }.sorted()
        if !added.isEmpty {
            change.verdict = .migrate
            change.why.append("it gets \(added.joined(separator: ", ")), null in the rows that are there")
        }
        if !left.isEmpty {
            change.verdict = .migrate
            change.why.append("it no longer shows \(left.joined(separator: ", "))")
        }
        if let keep = view.keep, before.keep.map({ keep < $0 }) ?? true {
            change.loses = true
            change.why.append("it keeps \(keep) instead of \(before.keep.map { "\($0)" } ?? "everything"): older rows go")
        }
        if view.feed != before.feed, added.isEmpty, left.isEmpty { change.why.append("rows from before are of the former definition") }
        return change
    }
}
