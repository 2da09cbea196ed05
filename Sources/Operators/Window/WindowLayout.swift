public import Base

// How values of a window's state are told apart after the window was changed:
//
// Each value says by a number which layout it has (`WindowOperator+State`), and the entry beside the values has the layout of
// each number that values may still have. A changed window gets another number and leaves the values as they are: deploying it
// costs the same whatever the state holds. A value is converted when it is read, and written in the present layout when it has
// changed. A former layout is given up once all windows have closed that were open when it was replaced.

/// What of a window's definition its stored state depends on. Names do not count: of the stream, or of its aggregates.
public struct WindowLayout: Hashable, Sendable {
    /// One aggregate's accumulator.
    public struct Slot: Hashable, Sendable {
        /// The function with its argument's type and expression: what two accumulators have in common that hold the same.
        public var identity: String
        public var byteCount: Int
        /// Whether a text follows the accumulators where the slot has a value.
        public var holdsBytes: Bool

        public init(identity: String, byteCount: Int, holdsBytes: Bool) {
            self.identity = identity
            self.byteCount = byteCount
            self.holdsBytes = holdsBytes
        }
    }

    /// The windows, and what groups the rows.
    public var grouping: String
    /// In the order in which values hold them.
    public var slots: [Slot]

    public init(grouping: String, slots: [Slot]) {
        self.grouping = grouping
        self.slots = slots
    }

    /// Of a value's accumulators together: rows keep an alignment of 16 (`Accumulator.layout`).
    var byteCount: Int { (slots.reduce(0) { $0 + $1.byteCount } + 15) / 16 * 16 }
}

/// The layouts that values of a window's state may have.
///
/// ```
/// [2][count u8] { [number u8][last window start i64][grouping string][slots u32]{ [identity string][bytes u32][holds bytes u8] } }
/// ```
/// The last one is the present one. Before there were numbers the entry was a text of the present layout alone.
public struct StoredLayouts: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var number: UInt8
        public var layout: WindowLayout
        /// Windows that start later hold no value of this layout; of the present one, `Int64.max`.
        public var lastWindow: Int64
    }

    static let formatVersion: UInt8 = 2
    /// Layouts at a time: more would be a window that is changed over and over while it stays open.
    public static let entriesMax = 8

    /// Never empty.
    public var entries: [Entry]
    public var current: Entry { entries[entries.count - 1] }

    public init(_ layout: WindowLayout) { entries = [Entry(number: 0, layout: layout, lastWindow: .max)] }

    public func encode(to arena: ByteArena) {
        arena.append(byte: Self.formatVersion)
        arena.append(byte: UInt8(entries.count))
        for entry in entries {
            arena.append(byte: entry.number)
            arena.append(littleEndian: entry.lastWindow)
            entry.layout.encode(to: arena)
        }
    }

    /// Nil when the bytes are damaged or of another version.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard reader.littleEndian(UInt8.self) == Self.formatVersion, let count = reader.littleEndian(UInt8.self), count > 0
        else { return nil }
        entries = []
        for _ in 0..<count {
            guard let number = reader.littleEndian(UInt8.self), let last = reader.littleEndian(Int64.self),
                let layout = WindowLayout(&reader)
            else { return nil }
            entries.append(Entry(number: number, layout: layout, lastWindow: last))
        }
    }
}

extension WindowLayout {
    public func encode(to arena: ByteArena) {
        arena.append(lengthPrefixed: grouping)
        arena.append(littleEndian: UInt32(slots.count))
        for slot in slots {
            arena.append(lengthPrefixed: slot.identity)
            arena.append(littleEndian: UInt32(slot.byteCount))
            arena.append(byte: slot.holdsBytes ? 1 : 0)
        }
    }

    /// Nil when the bytes are damaged.
    public init?(_ reader: inout ByteReader) {
        guard let grouping = reader.lengthPrefixedString(), let count = reader.littleEndian(UInt32.self) else { return nil }
        var slots: [Slot] = []
        for _ in 0..<count {
            guard let identity = reader.lengthPrefixedString(), let bytes = reader.littleEndian(UInt32.self),
                let holds = reader.littleEndian(UInt8.self)
            else { return nil }
            slots.append(Slot(identity: identity, byteCount: Int(bytes), holdsBytes: holds != 0))
        }
        self.init(grouping: grouping, slots: slots)
    }
}

/// What there is of a window's state in one task.
public struct StoredWindows: Hashable, Sendable {
    public enum Layouts: Hashable, Sendable {
        case none
        /// Of before layouts had numbers: the text that a definition of today must give, too.
        case text(String)
        case numbered(StoredLayouts)
    }

    public var layouts: Layouts
    /// Starts of the first and the last window that has a group in the store.
    public var first: Int64?
    public var last: Int64?

    public init(layouts: Layouts = .none, first: Int64? = nil, last: Int64? = nil) {
        self.layouts = layouts
        self.first = first
        self.last = last
    }
}

/// Whether stored windows can go on under another definition of their stream.
public enum WindowCarry: Hashable, Sendable {
    /// Values are of the present layout.
    case asItIs(StoredLayouts)
    /// Values are converted as they are read. `given up`: aggregates whose accumulators are left out.
    case converted(StoredLayouts, givenUp: [String])
    /// Nothing stored can give what is wanted; with the reason, a clause.
    case impossible(String)

    /// - Parameter legacyText: what the definition says in the form of before layouts had numbers.
    public static func decide(_ stored: StoredWindows, to layout: WindowLayout, legacyText: String) -> WindowCarry {
        switch stored.layouts {
        case .none: return .asItIs(StoredLayouts(layout))
        case .text(let text) where text == legacyText: return .asItIs(StoredLayouts(layout))
        case .text(let text): return .impossible("it changed from '\(text)' to '\(legacyText)'")
        case .numbered(var layouts):
            let current = layouts.current
            if current.layout == layout { return .asItIs(layouts) }
            guard current.layout.grouping == layout.grouping else {
                return .impossible("its windows were '\(current.layout.grouping)' and are now '\(layout.grouping)'")
            }
            let known = current.layout.slots.map(\.identity), wanted = layout.slots.map(\.identity)
            if let added = wanted.first(where: { !known.contains($0) }) {
                return .impossible("'\(added)' is new, and the rows that it would need are not in the state")
            }
            // What all windows have closed of that were open when it was replaced is in no value any more.
            layouts.entries[layouts.entries.count - 1].lastWindow = stored.last ?? .min
            layouts.entries.removeAll { entry in stored.first.map { entry.lastWindow < $0 } ?? true }
            guard layouts.entries.count < StoredLayouts.entriesMax else {
                return .impossible("it has changed \(StoredLayouts.entriesMax) times while the same windows were open")
            }
            let used = Set(layouts.entries.map(\.number))
            let number = (UInt8.min...UInt8.max).first { !used.contains($0) } ?? 0
            layouts.entries.append(.init(number: number, layout: layout, lastWindow: .max))
            return .converted(layouts, givenUp: known.filter { !wanted.contains($0) })
        }
    }
}
