public import Base
import Operators

// A deployment as bytes, little-endian; a string is `[length u32][UTF-8]`, a list `[count u32]` and its elements:
//
//   [1][number u64][version string]
//   sources: [name][origin][settings]
//   streams: [name][renamed from, or empty][text][feed][origins: strings][hop][hop rows][layout u8 = 0, or 1 and the layout][state name]
//   tables:  [name][origin][everywhere u8][state name]
//   views:   [name][key: strings][columns: strings][keep i64, µs; -1: for ever][feed]
//   clearing: strings
//
// A layout is as `WindowLayout` has it.

extension Deployment {
    static let formatVersion: UInt8 = 1

    public func encode(to arena: ByteArena) {
        func put<Element>(_ elements: [Element], _ body: (Element) -> Void) {
            arena.append(littleEndian: UInt32(elements.count))
            for element in elements { body(element) }
        }
        func put(_ texts: String...) { for text in texts { arena.append(lengthPrefixed: text) } }
        func putAll(_ texts: [String]) { put(texts) { put($0) } }
        arena.append(byte: Self.formatVersion)
        arena.append(littleEndian: number)
        put(version)
        put(sources) { put($0.name, $0.origin, $0.settings) }
        put(streams) { stream in
            put(stream.name, stream.renamedFrom ?? "", stream.text, stream.feed)
            putAll(stream.origins)
            put(stream.hop, stream.hopRows)
            arena.append(byte: stream.layout == nil ? 0 : 1)
            stream.layout?.encode(to: arena)
            put(stream.stateName)
        }
        put(tables) { table in
            put(table.name, table.origin)
            arena.append(byte: table.isEverywhere ? 1 : 0)
            put(table.stateName)
        }
        put(views) { view in
            put(view.name)
            putAll(view.key)
            putAll(view.columns)
            arena.append(littleEndian: view.keep?.microseconds ?? -1)
            put(view.feed)
        }
        putAll(clearing)
    }

    public var encoded: [UInt8] {
        let arena = ByteArena(capacity: 1_024)
        encode(to: arena)
        return Array(arena.bytes)
    }

    /// Nil when the bytes are damaged or of another version.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        var reader = DeploymentReader(ByteReader(bytes))
        guard reader.bytes.littleEndian(UInt8.self) == Self.formatVersion, let number = reader.bytes.littleEndian(UInt64.self),
            let version = reader.text(),
            let sources = reader.list({ reader in
                reader.texts(3).map { Source(name: $0[0], origin: $0[1], settings: $0[2]) }
            }),
            let streams = reader.list({ $0.stream() }),
            let tables = reader.list({ reader -> Table? in
                guard let texts = reader.texts(2), let everywhere = reader.bytes.littleEndian(UInt8.self), let state = reader.text()
                else { return nil }
                return Table(name: texts[0], origin: texts[1], isEverywhere: everywhere != 0, stateName: state)
            }),
            let views = reader.list({ $0.view() }), let clearing = reader.list({ $0.text() })
        else { return nil }
        self.init(version: version, sources: sources, streams: streams, tables: tables, views: views)
        self.number = number
        self.clearing = clearing
    }
}

private struct DeploymentReader {
    var bytes: ByteReader

    init(_ bytes: ByteReader) { self.bytes = bytes }

    mutating func text() -> String? { bytes.lengthPrefixedString() }

    mutating func texts(_ count: Int) -> [String]? {
        var texts: [String] = []
        for _ in 0..<count {
            guard let text = text() else { return nil }
            texts.append(text)
        }
        return texts
    }

    mutating func list<Element>(_ element: (inout DeploymentReader) -> Element?) -> [Element]? {
        guard let count = bytes.littleEndian(UInt32.self) else { return nil }
        var elements: [Element] = []
        for _ in 0..<count {
            guard let next = element(&self) else { return nil }
            elements.append(next)
        }
        return elements
    }

    mutating func stream() -> Deployment.Stream? {
        guard let head = texts(4), let origins = list({ $0.text() }), let hop = texts(2), let hasLayout = bytes.littleEndian(UInt8.self)
        else { return nil }
        var layout: WindowLayout?
        if hasLayout != 0 {
            layout = WindowLayout(&bytes)
            if layout == nil { return nil }
        }
        guard let stateName = text() else { return nil }
        return Deployment.Stream(
            name: head[0], renamedFrom: head[1].isEmpty ? nil : head[1], text: head[2], feed: head[3], origins: origins, hop: hop[0],
            hopRows: hop[1], layout: layout, stateName: stateName)
    }

    /// A name and a type.
    private static func isColumn(_ text: String) -> Bool {
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
    }

    mutating func view() -> Deployment.View? {
        guard let name = text(), let key = list({ $0.text() }), let columns = list({ $0.text() }),
            let keep = bytes.littleEndian(Int64.self), let feed = text(), columns.allSatisfy(Self.isColumn)
        else { return nil }
        return Deployment.View(
            name: name, key: key, columns: columns, keep: keep < 0 ? nil : TimeSpan(microseconds: keep), feed: feed)
    }
}
