import Base
import Columns
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Stores
import Testing

@testable import HTTPAPI

@Suite struct TopicRouteTests {
    private static let records = "/api/v1/topics/events/records"

    @Test func `lines are appended, keyed and spread, and read back`() async throws {
        try await withAPI { api, _ async throws in
            let body = (0..<20).map { "{\"id\":\"i-\($0)\",\"n\":\($0)}" }.joined(separator: "\n") + "\n{\"n\":1}\n"
            let answer = try await api.post(Self.records, body)
            #expect(answer.status == 200 && answer.json?["appended"]?.int == 21 && answer.json?["without_key"]?.int == 1)
            #expect(answer.json?["offsets"]?["0"]?.int == 0 && answer.json?["offsets"]?["1"]?.int == 0)
            let lines = try await api.get(Self.records).lines
            #expect(lines.count == 21)
            #expect(Set(lines.compactMap { $0["value"]?["n"]?.int }) == Set(0..<20))
            #expect(lines.allSatisfy { $0["timestamp"]?.string == "1970-01-01T00:16:40Z" })
            #expect(try await api.get(Self.records + "?partition=1&offset=-2").lines.count == 2)
            #expect(try await api.get(Self.records + "?partition=1&offset=1&limit=1").lines.first?["offset"]?.int == 1)
            #expect(try await api.get(Self.records + "?offset=latest").text.isEmpty)
            #expect(try await api.get(Self.records + "?limit=3").lines.count == 3)
        }
    }

    @Test func `a topic tells how the topologies that read it do`() async throws {
        try await withAPI { api, engine async throws in
            let answer = try await api.get("/api/v1/topics/events")
            #expect(answer.status == 200 && answer.json?["partitions"]?.elements?.count == 2)
            let reading = try #require(answer.json?["read_by"]?.elements?.first)
            let known = try #require(engine.readings(of: FakeEngine.events.topic).first)
            #expect(reading["topology"]?.string == "usage" && reading["source"]?.string == "events")
            #expect(reading["key"]?.description == #"["id"]"#)
            #expect(
                reading["event_time"]?.description == #"{"field":"at","out_of_order":"30s","idle_after":"1m","max_ahead":"1h"}"#)
            let table = try #require(answer.json?["read_by"]?.elements?.last)
            #expect(table["table"]?.string == "latest" && table["source"] == nil && table["event_time"] == nil)
            let schema = try #require(reading["schema"]).description
            #expect(AvroSchemaParser.parse(schema, file: "schema").schema == known.schema)
            #expect(try await api.get("/api/v1/topics/single").json?["read_by"]?.elements?.isEmpty == true)
            let unknown = try await api.get("/api/v1/topics/evnets")
            #expect(unknown.status == 404 && unknown.errorText.contains("Did you mean 'events'?"))
        }
    }

    @Test func `a producer's request is appended once, and a gap is refused with what comes next`() async throws {
        try await withAPI { api, _ async throws in
            let headers = ["Pioneer-Producer": "agent-1", "Pioneer-Sequence": "5"]
            #expect(try await api.post(Self.records, "{\"id\":\"a\"}", headers: headers).json?["appended"]?.int == 1)
            let repeated = try await api.post(Self.records, "{\"id\":\"a\"}", headers: headers)
            #expect(repeated.status == 200 && repeated.text == "{\"appended\":0,\"duplicate\":true,\"last_sequence\":5}\n")
            let gap = try await api.post(Self.records + "?producer=agent-1&sequence=9", "{\"id\":\"a\"}")
            #expect(gap.status == 409 && gap.errorCode == "api.out_of_sequence" && gap.json?["error"]?["expected"]?.int == 6)
            #expect(try await api.get(Self.records).lines.count == 1)
            let last = try await api.get("/api/v1/producers/agent-1?topic=events")
            #expect(last.text == "{\"producer\":\"agent-1\",\"topic\":\"events\",\"last_sequence\":5}\n")
            #expect(try await api.get("/api/v1/producers/agent-2?topic=events").json?["last_sequence"]?.isNull == true)
        }
    }

    @Test(arguments: [
        ("?producer=a", "both"), ("?sequence=1", "both"), ("?producer=a&sequence=x", "64 bits"), ("?producer=a%20b&sequence=1", "printable"),
        ("?producer=&sequence=1", "printable"), ("?producr=a", "producer"),
    ])
    func `a producer that is not whole is refused`(_ query: String, _ word: String) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.post(Self.records + query, "{}")
            #expect(answer.status == 400 && answer.errorText.contains(word), "\(answer.text)")
        }
    }

    @Test func `header and query must not name different producers`() async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.post(Self.records + "?producer=a&sequence=1", "{}", headers: ["Pioneer-Producer": "b"])
            #expect(answer.status == 400 && answer.errorText.contains("once"))
        }
    }

    @Test func `an unknown topic is 404 with the nearest, an internal one is 403 to append to`() async throws {
        try await withAPI { api, _ async throws in
            let unknown = try await api.post("/api/v1/topics/evnets/records", "{}")
            #expect(unknown.status == 404 && unknown.errorCode == "log.unknown_topic")
            #expect(unknown.errorText.contains("Did you mean 'events'?") && unknown.allowed == ["events", "single"])
            #expect(try await api.get("/api/v1/topics/evnets/records").status == 404)
            #expect(try await api.get("/api/v1/topics/a%20b/records").errorText.contains("letters"))
            let inside = try await api.post("/api/v1/topics/_pioneer.rightsizing.view.usage/records", "{}")
            #expect(inside.status == 403 && inside.errorCode == "api.internal_topic")
            #expect(try await api.get("/api/v1/topics/_pioneer.rightsizing.view.usage/records").status == 200)
        }
    }

    @Test func `a body above the limit is 413, whether its length is said or not`() async throws {
        try await withAPI(.live) { api, _ async throws in
            let body = String(repeating: "{\"id\":\"a\"}\n", count: APILimits.appendBytesMax / 11 + 1_000)
            let answer = try await api.post(Self.records, body)
            #expect(answer.status == 413 && answer.errorCode == "api.body_too_large")
        }
    }

    @Test func `a compressed body is 415, and not taken for a line`() async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.post(Self.records, "{\"id\":\"a\"}", headers: ["Content-Encoding": "gzip"])
            #expect(answer.status == 415 && answer.errorCode == "api.body_encoded" && answer.errorText.contains("'gzip'"))
            #expect(try await api.post(Self.records, "{\"id\":\"a\"}", headers: ["Content-Encoding": "identity"]).status == 200)
            #expect(try await api.get(Self.records).lines.count == 1)
        }
    }

    @Test func `a body that breaks off is the client's error, not the engine's`() async throws {
        struct Gone: Error {}
        let body = AsyncThrowingStream<ByteBuffer, any Error> { parts in
            parts.yield(ByteBuffer(string: "{"))
            parts.finish(throwing: Gone())
        }
        let head = HTTPRequest(method: .post, scheme: nil, authority: nil, path: Self.records)
        let request = Request(head: head, body: RequestBody(asyncSequence: body))
        let error = await #expect(throws: APIError.self) { try await AppendRoute.body(of: request) }
        #expect(error?.status == .badRequest && error?.code == .apiBodyIncomplete)
    }

    @Test func `values that are no JSON or no text, tombstones and headers come out whole`() async throws {
        try await withAPI { api, engine async throws in
            try engine.append(key: [255, 0], value: Array("no json".utf8))
            try engine.append(key: nil, value: nil, headers: [("code", "x"), ("code", "\"y\"")])
            try engine.append(key: Array("k\"".utf8), value: Array("{\n  \"a\": \"b\\n\"\r\n}".utf8))
            try engine.append(key: [], value: [])
            try engine.append(key: nil, value: Array("{\"a\":\n\u{1}é".utf8))
            try engine.append(key: nil, value: [UInt8(ascii: "{"), 255])
            try engine.append(key: nil, value: Array("null".utf8))
            let answer = try await api.get("/api/v1/topics/single/records")
            #expect(answer.text == """
                {"partition":0,"offset":0,"timestamp":"1970-01-01T00:00:01Z","key_base64":"/wA=","value_text":"no json"}
                {"partition":0,"offset":1,"timestamp":"1970-01-01T00:00:01Z","key":null,"value":null,"headers":[["code","x"],["code","\\"y\\""]]}
                {"partition":0,"offset":2,"timestamp":"1970-01-01T00:00:01Z","key":"k\\"","value":{   "a": "b\\n"  }}
                {"partition":0,"offset":3,"timestamp":"1970-01-01T00:00:01Z","key":"","value_text":""}
                {"partition":0,"offset":4,"timestamp":"1970-01-01T00:00:01Z","key":null,"value_text":"{\\"a\\":\\n\\u0001é"}
                {"partition":0,"offset":5,"timestamp":"1970-01-01T00:00:01Z","key":null,"value_base64":"e/8="}
                {"partition":0,"offset":6,"timestamp":"1970-01-01T00:00:01Z","key":null,"value_text":"null"}

                """)
        }
    }

    @Test func `offsets outside the partition are refused, each in its way`() async throws {
        try await withAPI { api, engine async throws in
            for _ in 0..<3 { try engine.append(key: nil, value: [49]) }
            let beyond = try await api.get("/api/v1/topics/single/records?offset=4")
            #expect(beyond.status == 416 && beyond.errorCode == "api.offset_beyond_end" && beyond.json?["error"]?["end_offset"]?.int == 3)
            #expect(try await api.get("/api/v1/topics/single/records?offset=3").status == 200)
            #expect(try await api.get("/api/v1/topics/single/records?offset=-99").lines.count == 3)
            try engine.store.deleteRecords(before: .latest, in: TopicPartition(TopicName("single")!, PartitionNumber(0)))
            let expired = try await api.get("/api/v1/topics/single/records?offset=1")
            #expect(expired.status == 410 && expired.errorCode == "api.offset_expired" && expired.json?["error"]?["first_offset"]?.int == 3)
        }
    }

    @Test(arguments: [
        ("events", "offset=0", "partition="), ("events", "partition=2", "from 0 to 1"), ("events", "partition=x", "from 0 to 1"),
        ("single", "offset=earliset", "earliest"), ("single", "offset=1.5", "number"), ("single", "limit=-1", "from 0"),
        ("single", "follow=yes", "true"), ("single", "ofset=1", "offset"),
    ])
    func `a wrong parameter of a read is refused`(_ topic: String, _ query: String, _ word: String) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/topics/\(topic)/records?\(query)")
            #expect(answer.status == 400 && (answer.errorText + answer.allowed.joined()).contains(word), "\(answer.text)")
        }
    }

    @Test func `more records than one chunk holds are streamed whole`() async throws {
        try await withAPI { api, _ async throws in
            let body = (0..<3_000).map { "{\"id\":\"i-\($0)\"}" }.joined(separator: "\n")
            _ = try await api.post(Self.records, body)
            #expect(try await api.get(Self.records + "?limit=5000").lines.count == 3_000)
            #expect(try await api.get(Self.records).lines.count == APILimits.recordsDefault)
        }
    }

    @Test func `topics are listed with their partitions' offsets`() async throws {
        try await withAPI { api, engine async throws in
            try engine.append(key: nil, value: [49])
            let topics = try #require(try await api.get("/api/v1/topics").json?["topics"]?.elements)
            let single = try #require(topics.first { $0["topic"]?.string == "single" })
            #expect(single["internal"]?.bool == false && single["partitions"]?.elements?.first?["end_offset"]?.int == 1)
            #expect(topics.contains { $0["internal"]?.bool == true })
        }
    }

    @Test func `a producer's last sequence needs a topic`() async throws {
        try await withAPI { api, _ async throws in
            #expect(try await api.get("/api/v1/producers/a").errorText.contains("topic"))
            #expect(try await api.get("/api/v1/producers/a?topic=nope").status == 404)
        }
    }
}
