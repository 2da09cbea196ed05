import Base
import Columns
import HTTPTypes
import Testing

@testable import HTTPAPI

/// The query language beyond single conditions: trees, patterns, relative times, groups. The rows are `FakeEngine`'s: twelve
/// of three machines, each 300 seconds after the one before; the clock of the tests stands at 1,000 seconds.
@Suite struct QueryLanguageTests {
    @Test(arguments: [
        ("or=(samples.eq.1,samples.eq.3)", 2), ("or=(samples.lt.2,and(samples.gt.4,samples.lte.6))", 4),
        ("or=(samples.lt.2,not.and(samples.gt.1,samples.lte.10))", 3), ("and=(samples.gte.3,samples.lt.5)", 2),
        ("not.or=(samples.lt.2,id.eq.i-0)", 7), ("not.and=(samples.gte.3,samples.lt.5)", 10), ("or=(id.eq.i-0,mean.is.null)", 5),
        ("or=(id.eq.i-0,mean.is.null)&samples=gt.5", 3), ("or=(id.in.(i-0,i-1),samples.eq.2)", 9), ("or=(id.in.(%22i-0%22,i-1))", 8),
        ("or=(id.not.in.(i-0,i-1),id.not.eq.i-2)", 12), ("or=(id.eq.%22i-0%22,id.eq.%22a,)%5C%22%22)", 4), ("or=(samples.eq.1,%20samples.eq.2)", 2),
        ("or=(mean.not.is.null)", 11), ("and=(or(samples.eq.1,samples.eq.2),or(samples.eq.2,samples.eq.3))", 1), ("or=(raw.eq.Af8=)", 1),
        ("or=(not.or(samples.gt.1,samples.lt.1))", 1),
        ("mean=isdistinct.1.5", 11), ("mean=not.isdistinct.1.5", 1), ("is_idle=is.unknown", 0), ("is_idle=not.is.true", 6),
        ("id=like.i-*", 12), ("id=like.*-1", 4), ("id=like.I-*", 0), ("id=ilike.I-_", 12), ("id=like.%25-1", 4), ("id=like.i-%5C_", 0),
        ("id=like.i-%5C*", 0), ("id=not.like.*0", 8), ("or=(id.like.*0,id.ilike.%22I-1%22)", 8),
    ])
    func `conditions in brackets and patterns select what they say`(_ query: String, _ count: Int) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage?\(query)")
            #expect(answer.status == 200 && answer.rows.count == count, "\(answer.text)")
        }
    }

    /// 900 seconds is the fourth row, 1,000 seconds is now.
    @Test(arguments: [
        ("window_start=lte.now", 4), ("window_start=gt.now-100s", 8), ("window_start=gte.now-100s", 9), ("window_start=lt.now%2B5m", 5),
        ("window_start=lt.now+5m", 5), ("window_start=gt.now+10m40s", 6), ("window_start=lt.now-1h30m", 0), ("window_start=gt.now-7d", 12),
        ("window_start=eq.1970-01-01T01:05:00+01:00", 1), ("or=(window_start.gt.now%2B1h,window_start.lt.now-15m)", 1),
        ("window_start=in.(now-100s,now-400s,now)", 2),
    ])
    func `times count from the clock at the request`(_ query: String, _ count: Int) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage?\(query)")
            #expect(answer.status == 200 && answer.rows.count == count, "\(answer.text)")
        }
    }

    @Test(arguments: [
        ("select=count()", #"[{"count":12}]"#),
        ("select=id,count()", #"[{"id":"i-0","count":4},{"id":"i-1","count":4},{"id":"i-2","count":4}]"#),
        ("select=id,total:samples.sum(),most:samples.max()&order=total.desc&limit=1", #"[{"id":"i-2","total":26,"most":11}]"#),
        ("select=machine:id,mean.sum()&id=eq.i-2", #"[{"machine":"i-2","sum":16.5}]"#),
        ("select=samples.avg(),least:window_start.min(),n:mean.count(),span.sum()", #"[{"avg":5.5,"least":"1970-01-01T00:00:00Z","n":11,"sum":"66s"}]"#),
        ("select=count(),mean.avg()&id=eq.none", #"[{"count":0,"avg":null}]"#), ("select=id,count()&id=eq.none", "[]"),
        ("select=id.max()", #"[{"max":"i-2"}]"#), ("select=is_idle,count()&order=count.desc,is_idle.desc", #"[{"is_idle":true,"count":6},{"is_idle":false,"count":6}]"#),
        ("select=machine:id,samples&samples=eq.1&order=machine", #"[{"machine":"i-1","samples":1}]"#),
    ])
    func `aggregates answer a row a group`(_ query: String, _ rows: String) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage?\(query)")
            let end = #","fresh""#
            #expect(answer.text.hasPrefix(#"{"view":"usage","rows":"# + rows) && (answer.text.contains(rows + end) || query.contains("limit")), "\(answer.text)")
        }
    }

    @Test(arguments: [
        // Where, in characters, and what is allowed.
        ("or=(samples.eq.1,samples.foo.2)", "character 23", "isdistinct"), ("or=(samples.eq.1,nope.eq.2)", "character 15", "samples"),
        ("or=(samples.eq.1", "closing bracket", "double quotes"), ("or=samples.eq.1", "opening bracket", "or=("),
        ("or=()", "condition is missing", "samples"), ("or=(samples.eq.1))", "follows the closing bracket", "brackets"),
        ("or=(samples.eq.x)", "character 13", "whole number"), ("or=(samples.eq.1,,)", "character 15", "samples"),
        ("or=(id.in.i-1)", "wants a list", "double quotes"), ("or=(id.in.(i-1)", "closing bracket", "double quotes"),
        ("or=(id.eq.%22i-1)", "quote does not end", "double quotes"), ("or=(id)", "no operator", "id.eq.1"),
        ("id=fts.x", "operator of PostgREST", "eq"), ("id=eq(any).x", "modifier", "eq"), ("id=like.x%5C", "backslash", "backslash"),
        ("samples=like.1*", "patterns are for strings", "eq"), ("samples=is.unknown", "is.unknown", "not_null"),
        ("window_start=gt.now-x", "now-x", "now-24h"), ("window_start=gt.now*2h", "now*2h", "now-24h"), ("window_start=gt.now-", "now-", "now-24h"),
        ("select=samples.sum(),mean.sum()", "two columns 'sum'", "other:mean.sum()"), ("select=id.sum()", "of type string", "id.count()"),
        ("select=tags,count()", "is a map", "other types"), ("select=samples.median()", "no aggregate", "sum()"), ("select=sum()", "no column", "count()"),
        ("select=samples::text", "cast", "as it is"), ("select=tags->a", "JSON", "whole"), ("select=machines(id)", "embeds another table", "join in the topology"),
        ("select=9a:id", "9a", "no digit first"), ("select=id,count()&order=samples", "of groups there is nothing else", "count"),
        ("order=tags", "has no order", "another column"), ("select=sampels.sum()", "Did you mean 'samples'", "samples"),
        ("select=window_start.avg()", "of type timestamp", "window_start.max()"),
    ])
    func `what is wrong is said with its place and what would do`(_ query: String, _ what: String, _ allowed: String) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage?\(query)")
            #expect(answer.status == 400 && answer.errorCode == "api.bad_parameter")
            #expect(answer.errorText.contains(what), "\(answer.text)")
            #expect((answer.errorText + " " + answer.allowed.joined(separator: " ")).contains(allowed), "\(answer.text)")
        }
    }

    @Test func `brackets have a limit, and conditions in them count`() async throws {
        try await withAPI { api, _ async throws in
            func nested(_ depth: Int) -> String { String(repeating: "or(", count: depth - 1) + "id.eq.a" + String(repeating: ")", count: depth - 1) }
            let deepest = APILimits.conditionDepthMax
            #expect(try await api.get("/api/v1/views/usage?or=(\(nested(deepest)))").status == 200)
            #expect(try await api.get("/api/v1/views/usage?or=(\(nested(deepest + 1)))").errorText.contains("nested \(deepest + 1) deep"))
            let many = repeatElement("id.eq.a", count: APILimits.conditionsMax + 1).joined(separator: ",")
            #expect(try await api.get("/api/v1/views/usage?or=(\(many))").errorText.contains("\(APILimits.conditionsMax + 1) conditions"))
        }
    }
}
