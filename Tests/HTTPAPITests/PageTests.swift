import Base
import Columns
import HTTPTypes
import Testing

@testable import HTTPAPI

@Suite struct PageTests {
    private static let link = HTTPField.Name("Link")!

    @Test(arguments: [
        "", "order=mean.desc", "order=is_idle,mean.desc.nullslast", "order=window_start.desc,id.desc", "id=neq.i-1&order=samples.desc",
        "select=samples,mean&order=raw", "select=id,total:samples.sum()", "select=is_idle,id,mean.avg()&order=avg.desc", "select=id",
        "window_start=gt.now-1h&order=span.desc&offset=3",
    ])
    func `pages by cursor are the whole answer, in its order`(_ query: String) async throws {
        try await withAPI { api, _ async throws in
            let whole = try await api.get("/api/v1/views/usage?\(query)")
            #expect(whole.json?["next"] == nil && whole.headers[Self.link] == nil)
            for limit in 1...5 {
                var rows: [JSONValue] = []
                var path: String? = "/api/v1/views/usage?\(query)&limit=\(limit)"
                while let current = path {
                    let page = try await api.get(current)
                    #expect(page.status == 200 && page.rows.count <= limit, "\(page.text)")
                    rows += page.rows
                    // The header and the document say the same.
                    let next = page.json?["next"]?.string
                    let link = page.headers[Self.link]
                    #expect((next == nil) == (link == nil))
                    #expect(link?.hasSuffix("cursor=\(next ?? "")>; rel=\"next\"") != false)
                    path = link.map { String($0.dropFirst().prefix { $0 != ">" }) }
                    try #require(rows.count <= 12)
                }
                #expect(rows.map(\.description) == whole.rows.map(\.description), "limit \(limit)")
            }
        }
    }

    @Test func `the last page has no next, also where it is full`() async throws {
        try await withAPI { api, _ async throws in
            #expect(try await api.get("/api/v1/views/usage?limit=12").json?["next"] == nil)
            #expect(try await api.get("/api/v1/views/usage?limit=0").json?["next"] == nil)
            #expect(try await api.get("/api/v1/views/usage?limit=11").json?["next"] != nil)
        }
    }

    @Test func `a cursor is refused by any query but its own`() async throws {
        try await withAPI { api, _ async throws in
            func cursor(_ query: String) async throws -> String {
                try #require(try await api.get("/api/v1/views/usage?\(query)&limit=1").json?["next"]?.string)
            }
            let own = "order=mean&samples=gt.1&id=neq.x"
            let text = try await cursor(own)
            // The conditions' order, the columns and the limit are free.
            #expect(try await api.get("/api/v1/views/usage?id=neq.x&samples=gt.1&order=mean&select=id&limit=3&cursor=\(text)").rows.count == 3)
            let wrong: [(path: String, word: String)] = [
                ("usage?order=mean.desc&samples=gt.1&id=neq.x", "mean.desc"), ("usage?order=mean&samples=gt.2&id=neq.x", "other conditions"),
                ("usage?order=mean&samples=gt.1", "other conditions"), ("empty?", "view 'usage'"), ("usage?samples=gt.1&id=neq.x&select=id,count()", "goes by"),
            ]
            for (path, word) in wrong {
                let answer = try await api.get("/api/v1/views/\(path)&cursor=\(text)")
                #expect(answer.status == 400 && answer.errorCode == "api.bad_cursor" && answer.errorText.contains(word), "\(answer.text)")
            }
            for garbage in ["x", "%00", "W10", "WzFd", String(text.dropLast(4)), "WzEsInVzYWdlIiwiIiwiIiwwXQ"] {
                #expect(try await api.get("/api/v1/views/usage?\(own)&cursor=\(garbage)").errorCode == "api.bad_cursor", "\(garbage)")
            }
            #expect(try await api.get("/api/v1/views/usage?\(own)&cursor=\(text)&offset=1").errorText.contains("leave offset out"))
        }
    }

    @Test func `a cursor of other groups is refused`() async throws {
        try await withAPI { api, _ async throws in
            let text = try #require(try await api.get("/api/v1/views/usage?select=id,samples.sum()&limit=1").json?["next"]?.string)
            #expect(try await api.get("/api/v1/views/usage?select=id,samples.sum()&cursor=\(text)").rows.count == 2)
            let other = try await api.get("/api/v1/views/usage?select=id,samples.max()&cursor=\(text)")
            #expect(other.errorCode == "api.bad_cursor" && other.errorText.contains("other conditions or groups"))
        }
    }
}
