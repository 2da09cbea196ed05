import Base
import Columns
import HTTPTypes
import Testing

@testable import HTTPAPI

@Suite struct ViewRouteTests {
    @Test func `a view answers its rows with every type as text, and how fresh they are`() async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage?order=window_start&window_start=eq.1970-01-01T00:00:00Z")
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType] == "application/json")
            #expect(answer.text == """
                {"view":"usage","rows":[{"id":"i-0","window_start":"1970-01-01T00:00:00Z","mean":0.5,"samples":0,"is_idle":true,\
                "span":"0s","raw":"AP8=","tags":{"team":"a \\"b\\""}}],"fresh":{"watermark":"1970-01-01T01:00:00Z",\
                "partitions":[{"partition":0,"next_offset":12,"watermark":"1970-01-01T01:00:00Z"}]}}

                """)
            #expect(answer.headers[try #require(HTTPField.Name("Pioneer-Watermark"))] == "1970-01-01T01:00:00Z")
        }
    }

    @Test func `a view answers at the path it declares, and to HEAD without a body`() async throws {
        try await withAPI { api, _ async throws in
            #expect(try await api.get("/api/v1/resources/usage?limit=3").rows.count == 3)
            let head = try await api.send(.head, "/api/v1/resources/usage")
            #expect(head.status == 200 && head.text.isEmpty)
            #expect(try await api.send(.head, "/api/v1/views/usage").status == 200)
            let wrong = try await api.send(.delete, "/api/v1/resources/usage")
            #expect(wrong.status == 405 && wrong.headers[.allow] == "GET, HEAD")
        }
    }

    @Test func `a view of which not all partitions were projected knows no watermark`() async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/empty")
            #expect(answer.text == "{\"view\":\"empty\",\"rows\":[],\"fresh\":{\"watermark\":null,\"partitions\":[]}}\n")
            #expect(answer.headers[try #require(HTTPField.Name("Pioneer-Watermark"))] == nil)
        }
    }

    @Test(arguments: [
        ("id=eq.i-1", 4), ("id=neq.i-1", 8), ("id=in.(i-1,i-2)", 8), ("id=in.()", 0), ("id=not.in.(i-1)", 8), ("id=in.(%22i-1%22)", 4),
        ("samples=gt.9", 2), ("samples=gte.9", 3), ("samples=lt.2", 2), ("samples=lte.2", 3), ("samples=not.lte.2", 9),
        ("samples=gte.3&samples=lt.5", 2), ("mean=is.null", 1), ("mean=not.is.null", 11), ("mean=is.not_null", 11), ("mean=eq.1.5", 1),
        ("mean=lt.-1e3", 0), ("mean=lt.Infinity", 11), ("mean=not.eq.1.5", 10), ("is_idle=is.true", 6), ("is_idle=eq.false", 6),
        ("span=eq.3s", 1), ("span=eq.0.0s", 1), ("span=gte.0m9s", 3), ("window_start=gte.1970-01-01T00:50:00Z", 2),
        ("window_start=eq.1970-01-01T01:05:00%2B01:00", 1), ("raw=eq.Af8=", 1), ("raw=eq.Af8", 1), ("raw=eq._-8", 0),
        ("tags=is.null", 0), ("id=eq.'%20OR%201=1%20--", 0), ("id=eq.", 0), ("offset=10", 2), ("limit=0", 0), ("offset=100", 0),
    ])
    func `conditions select what they say`(_ query: String, _ count: Int) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage?\(query)")
            #expect(answer.status == 200 && answer.rows.count == count, "\(answer.text)")
        }
    }

    @Test func `columns and rows come in the order asked for`() async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage?select=samples,id&order=id.desc,samples.desc&limit=2&offset=1")
            #expect(answer.text.hasPrefix("{\"view\":\"usage\",\"rows\":[{\"samples\":8,\"id\":\"i-2\"},{\"samples\":5,\"id\":\"i-2\"}]"))
            func first(_ order: String) async throws -> Int64? {
                try await api.get("/api/v1/views/usage?order=\(order)&limit=1").rows.first?["samples"]?.int
            }
            #expect(try await first("mean.desc") == 11)
            #expect(try await first("mean.desc.nullslast") == 10)
            #expect(try await first("mean") == 0)
            #expect(try await first("mean.nullsfirst") == 11)
            #expect(try await first("mean.asc.nullslast") == 0)
        }
    }

    @Test(arguments: [
        ("ip=eq.1", "id"), ("id=equals.1", "eq"), ("id=i-1", "eq"), ("id=", "eq"), ("samples=eq.x", "whole number"),
        ("samples=eq.9223372036854775808", "whole number"), ("mean=eq.nan", "decimal"), ("mean=eq.0x1p3", "decimal"),
        ("is_idle=eq.1", "true or false"), ("window_start=gt.yesterday", "RFC 3339"), ("span=gt.soon", "seconds"), ("raw=eq.*", "base64"),
        ("tags=eq.x", "is.null"), ("id=in.a,b", "double quotes"), ("id=in.(%22a)", "double quotes"), ("id=in.(%22a%22b)", "double quotes"),
        ("samples=in.(1,x)", "whole number"), ("id=is.true", "null"), ("id=is.nul", "null"), ("select=", "column"), ("select=id,nope", "nope"),
        ("select=id,id", "once"), ("order=mean.up", "asc"), ("order=nope", "nope"), ("order=mean.nullsfirst.desc", "nullsfirst"),
        ("limit=10001", "10000"), ("limit=-1", "10000"), ("limit=x", "10000"), ("limit=1&limit=2", "once"), ("offset=-1", "0"),
        ("id=eq.%zz", "percent"), ("id=eq.%ff", "UTF-8"), ("_event_time=gt.0", "_event_time"), ("%22id%22=eq.1", "\"id\""),
    ])
    func `a parameter that is wrong is refused with what would do`(_ query: String, _ word: String) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage?\(query)")
            #expect(answer.status == 400 && answer.errorCode == "api.bad_parameter")
            #expect((answer.errorText + " " + answer.allowed.joined(separator: " ")).contains(word), "\(answer.text)")
        }
    }

    @Test func `a slip of the fingers is answered with the nearest name and all that are allowed`() async throws {
        try await withAPI { api, _ async throws in
            let column = try await api.get("/api/v1/views/usage?sampels=eq.1")
            #expect(column.errorText.contains("Did you mean 'samples'?") && column.allowed.contains("window_start"))
            let view = try await api.get("/api/v1/views/usages")
            #expect(view.status == 404 && view.errorCode == "api.unknown_view")
            #expect(view.errorText.contains("Did you mean 'usage'?") && view.allowed == ["empty", "usage"])
        }
    }

    @Test func `too many conditions or values are refused`() async throws {
        try await withAPI { api, _ async throws in
            let conditions = repeatElement("id=eq.a", count: APILimits.conditionsMax + 1).joined(separator: "&")
            #expect(try await api.get("/api/v1/views/usage?\(conditions)").errorCode == "api.bad_parameter")
            let values = repeatElement("a", count: APILimits.listValuesMax + 1).joined(separator: ",")
            #expect(try await api.get("/api/v1/views/usage?id=in.(\(values))").errorCode == "api.bad_parameter")
        }
    }

    @Test func `views are listed with their columns`() async throws {
        try await withAPI { api, _ async throws in
            let views = try #require(try await api.get("/api/v1/views").json?["views"]?.elements)
            #expect(views.map { $0["view"]?.string } == ["empty", "usage"])
            #expect(views[1]["path"]?.string == "/api/v1/resources/usage" && views[1]["keep"]?.string == "1h")
            #expect(views[1]["key"]?.elements?.compactMap(\.string) == ["id", "window_start"])
            #expect(views[1]["indexes"]?.elements?.map { $0.elements?.compactMap(\.string) } == [["mean", "id"]])
            let columns = try #require(views[1]["columns"]?.elements)
            #expect(columns[0]["description"]?.string == "The machine." && columns[0]["nullable"]?.bool == false)
            #expect(columns[1]["name"]?.string == "window_start" && columns[1]["type"]?.string == "timestamp")
        }
    }

    /// Random conditions out of the grammar's own pieces: each is answered or refused, none fails, and none selects more
    /// than there is.
    @Test(arguments: 1...4)
    func `whatever is asked, the answer is rows or a refusal`(_ seed: UInt64) async throws {
        try await withAPI { api, engine async throws in
            var random = SeededRandom(seed: seed)
            let pieces = [
                "id", "window_start", "samples", "mean", "is_idle", "span", "raw", "tags", "select", "order", "limit", "offset", "=", "=", "&",
                "eq", "neq", "lt", "gte", "in", "is", "not", ".", ".", "(", ")", ",", "%22", "%27", "%5C", "%00", "%25", "%", "*", "--", ";", "null",
                "true", "1", "-1", "1e9", "i-1", "desc", "nullslast", "1970-01-01T00:00:00Z", "3s", "%F0%9F%90%8E", "+", "/", "?", "~",
            ]
            for _ in 0..<400 {
                var query = ["id=eq.", "id=in.(", "samples=", "order=", "select=", ""][random.below(6)]
                for _ in 0..<random.below(8) { query += pieces[random.below(pieces.count)] }
                let answer = try await api.get("/api/v1/views/usage?\(query)")
                #expect(answer.status == 200 || answer.status == 400, "\(query): \(answer.status) \(answer.text)")
                #expect(answer.rows.count <= 12)
            }
            #expect(try await api.get("/api/v1/views/usage").rows.count == 12)
        }
    }
}
