import ArgumentParser
import Base
import Columns
import Testing

@testable import pioneer

struct ClientTests {
    private let address: EngineAddress

    init() throws { address = try EngineAddress("http://127.0.0.1:8000/", origin: "--to", isFromFile: false) }

    @Test func `an address needs a scheme and a host`() throws {
        #expect(try EngineAddress("http://localhost:8000/", origin: "--to", isFromFile: false).url == "http://localhost:8000")
        for text in ["localhost:8000", "ftp://x", "http://", "http://a b", ""] {
            #expect(throws: EngineError.self) { try EngineAddress(text, origin: "--to", isFromFile: false) }
        }
    }

    @Test func `the data directory is the option, else the environment's, else the default`() async throws {
        func chosen(_ option: String?, _ variable: String?) async throws -> String {
            var given = GivenSettings()
            given.add(Settings.dataDir, option)
            let environment = variable.map { ["PIONEER_DATA_DIR": $0] } ?? [:]
            return try await ResolvedSettings.resolve(given, environment: environment)[Settings.dataDir]
        }
        #expect(try await chosen("x", "y") == "x")
        #expect(try await chosen(nil, "y") == "y")
        #expect(try await chosen(nil, "") == "./pioneer-data")
        #expect(try await chosen(nil, nil) == "./pioneer-data")
    }

    @Test func `without an address file no engine runs there, and the remedy says how to start one`() async throws {
        let options = try EngineOptions.parse(["--data", "/nonexistent/pioneer"])
        let error = await #expect(throws: EngineError.self) { try await options.locate() }
        #expect(error?.domain == .environment)
        #expect(error?.remedy?.contains("pioneer run") == true)
    }

    @Test func `of an engine's address and a data directory the one whose source goes first is taken`() async throws {
        func url(_ given: GivenSettings, _ environment: [String: String]) async throws -> String {
            try EngineAddress(located: try await .resolve(given, environment: environment)).url
        }
        let variables = ["PIONEER_ENGINE": "http://a:1", "PIONEER_DATA_DIR": "/nonexistent/pioneer"]
        #expect(try await url(GivenSettings(), variables) == "http://a:1")
        var given = GivenSettings()
        given.add(Settings.dataDir, "/nonexistent/other")
        let error = await #expect(throws: EngineError.self) { try await url(given, variables) }
        #expect(error?.message.contains("'/nonexistent/other' (--data)") == true)
        given.add(Settings.engineURL, "http://b:2")
        #expect(try await url(given, variables) == "http://b:2")
    }

    @Test func `paths and queries are percent-encoded`() {
        var path = RequestPath.api("topics", "a/b", "records")
        path.add("value", "eq.a b&c=ü")
        path.add("left out", nil)
        path.add("limit", "5")
        #expect(path.text == "/api/v1/topics/a%2Fb/records?value=eq.a%20b%26c%3D%C3%BC&limit=5")
    }

    @Test func `the engine's error keeps its code and remedy, and its status decides the exit status`() {
        let body = #"{"error":{"code":"view.unknown","message":"no view 'x'","remedy":"Look.","allowed":["a","b"]}}"#
        let error = #expect(throws: EngineError.self) {
            try EngineAnswer.value(status: 404, body: Array(body.utf8), from: address)
        }
        #expect(error?.code.text == "view.unknown")
        #expect(error?.domain == .user)
        #expect(error?.remedy == "Look.\nAllowed: a, b.")
        let down = #expect(throws: EngineError.self) { try EngineAnswer.value(status: 503, body: [], from: address) }
        #expect(down?.domain == .environment)
    }

    @Test func `an answer that is no JSON is not understood`() {
        let error = #expect(throws: EngineError.self) {
            try EngineAnswer.value(status: 200, body: Array("<html>".utf8), from: address)
        }
        #expect(error?.code == .engineAnswer)
    }

    @Test(arguments: [1, 2, 3, 7, 100])
    func `lines are the same however the bytes arrive`(step: Int) {
        let bytes = Array("one\ntwo\r\n\nthree".utf8)
        var splitter = LineSplitter()
        var lines: [String] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            splitter.add(Array(bytes[start..<min(start + step, bytes.count)]))
            while let line = splitter.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        }
        if let rest = splitter.rest() { lines.append(String(decoding: rest, as: UTF8.self)) }
        #expect(lines == ["one", "two", "three"])
    }

    @Test func `a view's rows become a table in the engine's order with numbers right`() throws {
        let answer = try #require(ViewAnswer(JSONValue.parse(
            #"{"view":"v","rows":[{"id":"i-1","mean":2.5,"unit":null},{"id":"i-22","mean":10.0,"unit":"percent"}],"#
                + #""fresh":{"watermark":"2026-01-05T10:00:00Z","partitions":[]}}"#)))
        let lines = answer.lines(.plain, now: try #require(EventTime("2026-01-05T10:00:03Z")))
        #expect(lines == [
            "id    mean  unit", "i-1    2.5", "i-22  10.0  percent", "(2 rows; everything before 2026-01-05T10:00:00Z is in, 3.0 s ago)",
        ])
    }

    @Test func `a view without rows says so`() throws {
        let answer = try #require(ViewAnswer(JSONValue.parse(#"{"rows":[],"fresh":{"watermark":null}}"#)))
        #expect(answer.lines(.plain, now: .latest) == ["(no rows)"])
    }

    @Test func `an answer that has another page says how to get it`() throws {
        let first = try #require(ViewAnswer(JSONValue.parse(#"{"rows":[{"id":"a"}],"next":"abc","fresh":{"watermark":null}}"#)))
        #expect(first.lines(.plain, now: .latest).last == "(1 row, and more with --all)")
        let last = try #require(ViewAnswer(JSONValue.parse(#"{"rows":[{"id":"b"}],"fresh":{"watermark":null}}"#)))
        #expect(first.followed(by: last).lines(.plain, now: .latest) == ["id", "a", "b", "(2 rows)"])
    }

    @Test func `why a view may have no rows yet is said where it can be known`() throws {
        func answer(_ watermark: String) throws -> ViewAnswer {
            try #require(ViewAnswer(JSONValue.parse(#"{"rows":[],"fresh":{"watermark":\#(watermark)}}"#)))
        }
        let views = try JSONValue.parse(#"{"views":[{"view":"w","columns":[{"name":"window_end"}]},{"view":"p","columns":[{"name":"id"}]}]}"#)
        #expect(try answer("null").hint(views: views, "p")?.hasPrefix("Nothing has come into the view yet") == true)
        #expect(try answer(#""2026-01-05T10:00:00Z""#).hint(views: views, "w")?.contains("now 2026-01-05T10:00:00Z, passes the window's end") == true)
        #expect(try answer(#""2026-01-05T10:00:00Z""#).hint(views: views, "p") == nil)
        #expect(try answer("null").hint(views: views, "other") == nil)
    }

    @Test func `a query's options become the request's parameters, and those that exclude each other are refused`() throws {
        let query = try Query.parse(["v", "or=(a.eq.1,b.gt.2)", "time=gte.now-24h", "--select", "t,n:count()", "--order", "n.desc", "--offset", "5"])
        #expect(query.path.text == "/api/v1/views/v?or=%28a.eq.1%2Cb.gt.2%29&time=gte.now-24h&select=t%2Cn%3Acount%28%29&order=n.desc&offset=5")
        #expect(try Query.parse(["v", "--all"]).path.text == "/api/v1/views/v?limit=10000")
        for wrong in [["v", "--all", "--limit", "3"], ["v", "--csv", "--json"], ["--csv"]] {
            #expect(throws: (any Error).self) { try Query.parse(wrong) }
        }
    }

    @Test func `a tail begins where it is told, within what is kept`() {
        let bounds = OffsetBounds(first: 100, end: 150)
        #expect(TailStart("earliest")?.offset(in: bounds) == 100)
        #expect(TailStart("latest")?.offset(in: bounds) == 150)
        #expect(TailStart("120")?.offset(in: bounds) == 120)
        #expect(TailStart("5")?.offset(in: bounds) == 100)
        #expect(TailStart("-10")?.offset(in: bounds) == 140)
        #expect(TailStart("-1000")?.offset(in: bounds) == 100)
        #expect(TailStart("soon") == nil)
    }

    @Test func `a record's line shows place, time, key and value`() throws {
        let line = #"{"partition":1,"offset":7,"timestamp":"2026-01-05T10:00:00Z","key":"i-1","value":{"a":1},"headers":[["code","x"]]}"#
        let record = try TailedRecord(Array(line.utf8), from: address)
        #expect(record.line(.plain) == #"1:7  2026-01-05T10:00:00Z  i-1  {"a":1}  code=x"#)
    }

    @Test func `a value that is text but no JSON is shown quoted`() throws {
        let line = #"{"partition":0,"offset":0,"timestamp":"2026-01-05T10:00:00Z","key":null,"value_text":"{ \"a\":\n\u009b2J"}"#
        let record = try TailedRecord(Array(line.utf8), from: address)
        #expect(record.line(.plain) == #"0:0  2026-01-05T10:00:00Z  -  "{ \"a\":\n\u{9b}2J""#)
    }

    @Test func `an error that ends an answer of lines is thrown`() {
        let line = #"{"error":{"code":"api.offset_expired","message":"gone"}}"#
        let error = #expect(throws: EngineError.self) { try TailedRecord(Array(line.utf8), from: address) }
        #expect(error?.code.text == "api.offset_expired")
    }

    @Test func `an unknown topic is told with the nearest name`() throws {
        let list = try #require(TopicList(JSONValue.parse(#"{"topics":[{"topic":"cloud.metrics","partitions":[]}]}"#)))
        let error = #expect(throws: EngineError.self) { try list.topic("cloud.metric") }
        #expect(error?.remedy?.hasPrefix("Did you mean 'cloud.metrics'?") == true)
    }
}
