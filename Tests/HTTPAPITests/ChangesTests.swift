import Base
import Columns
import HTTPTypes
import HummingbirdTesting
import Stores
import Synchronization
import Testing

@testable import HTTPAPI

/// What a client makes of a stream of events, by the rules of the HTML standard: an event that is cut off does not count,
/// and an id counts from its block's end.
struct EventReader {
    struct Event: Equatable {
        var name: String
        var data: String
        var id: String
    }

    private(set) var events: [Event] = []
    private(set) var lastID = ""
    private(set) var comments: [String] = []

    mutating func read(_ text: String) {
        var blocks = text.split(separator: "\n\n", omittingEmptySubsequences: false)
        blocks.removeLast()
        for block in blocks {
            var event = Event(name: "message", data: "", id: lastID)
            for line in block.split(separator: "\n") {
                if line.hasPrefix(":") { comments.append(String(line.dropFirst())) }
                if line.hasPrefix("id: ") { lastID = String(line.dropFirst(4)) }
                if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { event.data = String(line.dropFirst(6)) }
            }
            event.id = lastID
            if !event.data.isEmpty { events.append(event) }
        }
    }
}

extension EventReader {
    init(_ text: String) { read(text) }

    /// The changes alone.
    var changes: [Event] { events.filter { $0.name == "upsert" || $0.name == "delete" } }
}

extension FakeEngine {
    static let changesPath = "/api/v1/views/usage/changes"

    /// Appends a row, or a tombstone, to the topic of the view `usage`.
    func change(_ id: String, window seconds: Int64 = 0, _ members: String?) throws {
        let start = EventTime(seconds: seconds).description
        let buffer = RecordBuffer()
        var key = "[\"\(id)\",\"\(start)\"]"
        var value = members.map { "{\"id\":\"\(id)\",\"window\":{\"start\":\"\(start)\"},\"tags\":{}" + ($0.isEmpty ? "" : ",") + $0 + "}" }
        key.withUTF8 { key in
            if value == nil { buffer.append(timestamp: seconds, key: key, value: nil) }
            _ = value?.withUTF8 { buffer.append(timestamp: seconds, key: key, value: $0) }
        }
        _ = try store.append(AppendRequest(topic: Self.usage.topic, producer: nil, records: [(PartitionNumber(0), buffer)]))
    }
}

@Suite struct ChangesTests {
    private static let path = FakeEngine.changesPath

    @Test func `a change is told with its row as the view answers it`() async throws {
        try await withAPI { api, engine async throws in
            try engine.change("a", window: 300, "\"mean\":1.5,\"samples\":3,\"is_idle\":true,\"span\":\"2s\",\"raw\":\"AP8=\"")
            try engine.change("b", "\"mean\":\"NaN\"")
            try engine.change("a", window: 300, nil)
            let answer = try await api.get(Self.path + "?from=earliest&limit=3")
            #expect(answer.status == 200 && answer.headers[.contentType] == "text/event-stream")
            #expect(answer.headers[.cacheControl] == "no-store")
            let digest = try #require(answer.text.split(separator: "-").first?.suffix(8))
            #expect(answer.text == """
                retry: 1000
                id: \(digest)-0

                id: \(digest)-1
                event: upsert
                data: {"id":"a","window_start":"1970-01-01T00:05:00Z","mean":1.5,"samples":3,"is_idle":true,"span":"2s","raw":"AP8=","tags":{}}

                id: \(digest)-2
                event: upsert
                data: {"id":"b","window_start":"1970-01-01T00:00:00Z","mean":null,"samples":null,"is_idle":null,"span":null,"raw":null,"tags":{}}

                id: \(digest)-3
                event: delete
                data: {"id":"a","window_start":"1970-01-01T00:05:00Z"}


                """)
        }
    }

    /// The connection breaks after any byte; the client goes on with the id of the last whole event, by header or by
    /// parameter, while more is appended.
    @Test(arguments: 1...12)
    func `whatever breaks off, resuming loses nothing and repeats nothing`(_ seed: UInt64) async throws {
        try await withAPI { api, engine async throws in
            var random = SeededRandom(seed: seed)
            var appended = 0, received: [Int64] = [], lastID: String?
            while received.count < 60 {
                for _ in 0..<random.below(8) {
                    try engine.change("i-\(appended % 3)", "\"samples\":\(appended)")
                    appended += 1
                }
                let left = appended - received.count
                guard left > 0 else { continue }
                let limit = 1 + random.below(left)
                let query = lastID.map { random.below(2) == 0 ? "?after=\($0)&limit=\(limit)" : "?limit=\(limit)&from=latest" } ?? "?from=earliest&limit=\(limit)"
                let usesHeader = query.contains("from=latest")
                let answer = try await api.get(Self.path + query, headers: usesHeader ? ["Last-Event-ID": lastID ?? ""] : [:])
                #expect(answer.status == 200)
                var reader = EventReader()
                reader.read(String(answer.text.prefix(random.below(answer.text.count + 1))))
                received += try reader.changes.map { try #require(try JSONValue.parse($0.data)["samples"]?.int) }
                if !reader.lastID.isEmpty { lastID = reader.lastID }
            }
            #expect(received == (0..<Int64(received.count)).map { $0 })
        }
    }

    @Test(arguments: [
        ("id=eq.i-1", 1), ("samples=gte.3&samples=lt.5", 2), ("mean=not.is.null", 5), ("mean=is.null", 1), ("mean=not.eq.1.5", 4),
        ("id=in.(i-1,i-2)", 2), ("is_idle=is.true", 3), ("mean=lt.2.0&id=neq.i-0", 1), ("id=gt.i-3", 2), ("id=in.()", 0),
        ("id=not.in.(i-1)", 5),
    ])
    func `conditions let pass what the view's query would select`(_ query: String, _ count: Int) async throws {
        try await withAPI { api, engine async throws in
            for n in 0..<6 {
                try engine.change("i-\(n)", "\"samples\":\(n),\"is_idle\":\(n % 2 == 0)" + (n == 5 ? "" : ",\"mean\":\(n).5"))
            }
            // A delete passes every condition, and ends the answer.
            try engine.change("end", nil)
            let answer = try await api.get(Self.path + "?from=earliest&limit=\(count + 1)&select=id&" + query)
            let changes = EventReader(answer.text).changes
            #expect(changes.count == count + 1 && changes.last?.name == "delete", "\(answer.text)")
            #expect(changes.dropLast().allSatisfy { $0.data.hasPrefix("{\"id\":\"i-") && !$0.data.contains(",") })
        }
    }

    @Test func `once all that the view has was told, so is its watermark`() async throws {
        try await withAPI { api, engine async throws in
            for n in 0..<12 { try engine.change("i-\(n)", "\"samples\":\(n)") }
            let reader = EventReader(try await api.get(Self.path + "?from=earliest&limit=12").text)
            #expect(reader.events.map(\.name) == Array(repeating: "upsert", count: 12) + ["watermark"])
            #expect(reader.events.last?.data == "{\"watermark\":\"1970-01-01T01:00:00Z\"}")
            #expect(reader.events[11].id == reader.events[12].id)
        }
    }

    /// Follows with heartbeats at each look while the ids' rows change one after the other, with a pause before each. The pauses
    /// grow until the follower was seen to look between them: on a machine that is busy short ones are over before it does.
    private func follow(_ query: String, whileChanging ids: [String], until isEnough: @Sendable (String) -> Bool) async throws -> String {
        var text = ""
        for pause in [Duration.milliseconds(100), .seconds(1), .seconds(10)] {
            var pace = ChangePace()
            pace.heartbeatInterval = 0
            let answer = Mutex("")
            try await withAPI(.live, pace: pace) { api, engine async throws in
                async let followed = api.get(Self.path + query)
                while api.signal.followerCount == 0 { try await Task.sleep(for: .milliseconds(10)) }
                for id in ids {
                    try await Task.sleep(for: pause)
                    try engine.change(id, "\"samples\":1")
                }
                let text = try await followed.text
                answer.withLock { $0 = text }
            }
            text = answer.withLock { $0 }
            if isEnough(text) { break }
        }
        return text
    }

    @Test func `a follower gets changes as they come, and a heartbeat while there are none`() async throws {
        let text = try await follow("?limit=2", whileChanging: ["a", "a"]) { EventReader($0).comments.contains(" heartbeat") }
        let reader = EventReader(text)
        #expect(reader.changes.count == 2 && reader.comments.contains(" heartbeat"), "\(text)")
    }

    @Test func `a reader whose conditions pass nothing is told all the same how far it is`() async throws {
        /// What came before the first change.
        @Sendable func quiet(_ text: String) -> EventReader {
            let blocks = text.split(separator: "event: upsert").first.map { $0.split(separator: "\n\n").dropLast() } ?? []
            return EventReader(blocks.joined(separator: "\n\n") + "\n\n")
        }
        let text = try await follow("?limit=1&id=eq.a", whileChanging: ["b", "c", "a"]) { quiet($0).lastID.hasSuffix("-2") }
        #expect(quiet(text).events.isEmpty && quiet(text).lastID.hasSuffix("-2"), "\(text)")
    }

    /// The filter in memory and the store's agree on random conditions over random rows.
    @Test(arguments: 1...6)
    func `conditions select the same in a stream as in a query`(_ seed: UInt64) async throws {
        try await withAPI { api, engine async throws in
            var random = SeededRandom(seed: seed)
            let stored = try await api.get("/api/v1/views/usage?order=samples&limit=100").rows
            for row in stored {
                let members = (row.members ?? []).filter { $0.key != "id" && $0.key != "window_start" && $0.key != "tags" }
                let start = try #require(row["window_start"]?.string.flatMap { EventTime($0) })
                try engine.change(
                    try #require(row["id"]?.string), window: start.microseconds / 1_000_000,
                    members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ","))
            }
            try engine.change("end", nil)
            let conditions = [
                "id=eq.i-1", "id=gt.i-0", "samples=gte.4", "samples=not.lt.7", "mean=is.null", "mean=lt.6.5", "mean=not.eq.0.5", "span=lte.5s",
                "raw=gt.BP8", "is_idle=is.true", "window_start=gt.1970-01-01T00:20:00Z", "mean=in.(1.5,2.5)", "samples=not.in.(1,2)",
                "id=like.*-1", "id=not.ilike.I-_", "or=(samples.lt.3,mean.gt.9)", "not.and=(mean.gt.2,or(id.eq.i-1,mean.is.null))",
                "mean=isdistinct.1.5", "is_idle=is.not_null", "window_start=gt.now-5m",
            ]
            for _ in 0..<30 {
                let query = (0..<1 + random.below(3)).map { _ in conditions[random.below(conditions.count)] }.joined(separator: "&")
                let wanted = try await api.get("/api/v1/views/usage?order=samples&limit=100&select=samples&" + query).rows
                let answer = try await api.get(Self.path + "?from=earliest&limit=\(wanted.count + 1)&select=samples&" + query)
                let changes = EventReader(answer.text).changes
                #expect(try changes.dropLast().map { try JSONValue.parse($0.data)["samples"]?.int } == wanted.map { $0["samples"]?.int }, "\(query)")
                #expect(changes.last?.name == "delete", "\(query)")
            }
        }
    }

    @Test(arguments: [
        ("order=id", 400, "order"), ("offset=1", 400, "offset"), ("nope=eq.1", 400, "nope"), ("id=fts.a", 400, "eq"), ("select=count()", 400, "not followed"), ("from=start", 400, "earliest"),
        ("after=x", 400, "id of an event"), ("after=00000000-0&from=latest", 400, "one of them"), ("after=00000000-x", 400, "id of an event"),
        ("after=00000000-0", 410, "another log"), ("limit=0", 400, "from 1"),
    ])
    func `what is wrong is refused before the stream begins`(_ query: String, _ status: Int, _ word: String) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get(Self.path + "?" + query)
            #expect(answer.status == status && (answer.errorText + answer.allowed.joined()).contains(word), "\(answer.text)")
        }
    }

    @Test func `an unknown view is 404 with the nearest`() async throws {
        try await withAPI { api, _ async throws in
            #expect(try await api.get("/api/v1/views/usages/changes").errorText.contains("Did you mean 'usage'?"))
            #expect(try await api.send(.post, Self.path, "").headers[.allow] == "GET, HEAD")
            #expect(try await api.send(.head, Self.path).status == 200)
        }
    }

    @Test func `a position of another view is refused, and so is one that is not kept or not there yet`() async throws {
        try await withAPI { api, engine async throws in
            for n in 0..<4 { try engine.change("a", "\"samples\":\(n)") }
            let ids = EventReader(try await api.get(Self.path + "?from=earliest&limit=4").text).changes.map(\.id)
            let other = try await api.get("/api/v1/views/empty/changes?after=\(ids[0])")
            #expect(other.status == 410 && other.errorCode == "api.foreign_position")
            try engine.store.deleteRecords(before: .latest, in: TopicPartition(FakeEngine.usage.topic, PartitionNumber(0)))
            let expired = try await api.get(Self.path + "?after=\(ids[1])")
            #expect(expired.status == 410 && expired.errorCode == "api.offset_expired" && expired.json?["error"]?["first_offset"]?.int == 4)
            let beyond = try await api.get(Self.path + "?after=\(ids[3].dropLast())9")
            #expect(beyond.status == 416 && beyond.errorCode == "api.offset_beyond_end")
            try engine.change("a", "\"samples\":4")
            #expect(EventReader(try await api.get(Self.path + "?after=\(ids[3])&limit=1").text).changes.count == 1)
        }
    }
}
