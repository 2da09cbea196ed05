import Base
import Columns
import Gzip
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Stores
import Testing

@testable import HTTPAPI

@Suite struct FormatTests {
    @Test func `rows come as CSV with a header line`() async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage?order=samples.desc&limit=2", headers: ["Accept": "text/csv"])
            #expect(answer.status == 200 && answer.headers[.contentType] == "text/csv; charset=utf-8; header=present")
            #expect(answer.text.split(separator: "\r\n") == [
                "id,window_start,mean,samples,is_idle,span,raw,tags",
                #"i-2,1970-01-01T00:55:00Z,,11,false,11s,C/8=,"{""team"":""a \""b\""""}""#,
                #"i-1,1970-01-01T00:50:00Z,10.5,10,true,10s,Cv8=,"{""team"":""a \""b\""""}""#,
            ])
            #expect(answer.text.hasSuffix("\r\n"))
            #expect(answer.headers[try #require(HTTPField.Name("Pioneer-Watermark"))] == "1970-01-01T01:00:00Z")
            #expect(answer.headers[try #require(HTTPField.Name("Link"))]?.contains("cursor=") == true)
            let none = try await api.get("/api/v1/views/usage?id=eq.none&select=id,n:samples", headers: ["Accept": "text/csv"])
            #expect(none.text == "id,n\r\n")
        }
    }

    @Test func `cells of CSV are quoted where RFC 4180 wants it`() {
        let arena = ByteArena(), names = ["a", "b,c"]
        RowWriter.writeHeader(names, to: arena)
        let writer = RowWriter(.csv, names: names, into: arena)
        let rows: [[Value]] = [
            [.string("x\"y"), .string("")], [.null, .string("l\r\n2")], [.double(.infinity), .string(" ;'é")],
        ]
        for row in rows {
            for value in row { writer.value(value) }
            writer.endRow()
        }
        let text = String(decoding: arena.bytes, as: UTF8.self)
        #expect(text == "a,\"b,c\"\r\n\"x\"\"y\",\"\"\r\n,\"l\r\n2\"\r\nInfinity, ;'é\r\n")
    }

    @Test func `rows come as lines of JSON`() async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage?select=id,mean&samples=gte.10", headers: ["Accept": "application/x-ndjson"])
            #expect(answer.headers[.contentType] == "application/x-ndjson")
            #expect(answer.text == "{\"id\":\"i-1\",\"mean\":10.5}\n{\"id\":\"i-2\",\"mean\":null}\n")
        }
    }

    @Test(arguments: [
        ("*/*", "application/json"), ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"), ("text/*", "text/csv"),
        ("application/json;q=0.5, text/csv;q=0.9", "text/csv"), ("text/csv;q=0, */*", "application/json"),
        ("application/json, application/x-ndjson", "application/json"), ("TEXT/CSV", "text/csv"), ("application/json;q=0,application/*", "application/x-ndjson"),
    ])
    func `the format is the one that the client likes best`(_ accept: String, _ type: String) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage", headers: ["Accept": accept])
            #expect(answer.headers[.contentType]?.hasPrefix(type) == true, "\(answer.headers)")
            #expect(answer.headers[.vary]?.contains("Accept") == true)
        }
    }

    @Test func `a format that is not to be had is refused with those that are`() async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/views/usage", headers: ["Accept": "application/xml, text/csv;q=0"])
            #expect(answer.status == 406 && answer.errorCode == "api.not_acceptable")
            #expect(answer.allowed == ["application/json", "text/csv", "application/x-ndjson"])
        }
    }

    // MARK: Compression

    private func unzipped(_ body: ByteBuffer) throws -> String {
        let reader = GzipReader()
        var bytes: [UInt8] = []
        try body.withUnsafeReadableBytes { try reader.read($0, into: &bytes) }
        try reader.finish()
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("gzip", true), ("deflate, gzip;q=0.5", true), ("GZIP", true), ("*", true), ("gzip;q=0", false), ("identity", false), ("", false),
        ("br", false), ("gzip;q=0.5, identity;q=0.8", false), ("gzip;q=0.8, identity;q=0.5", true), ("*;q=0, gzip", true),
    ])
    func `long answers are compressed for who takes gzip`(_ encodings: String, _ isCompressed: Bool) async throws {
        try await withAPI(.live) { api, _ async throws in
            let plain = try await api.client.executeRequest(uri: "/api/v1/views/usage", method: .get, headers: [:], body: nil)
            let answer = try await api.client.executeRequest(
                uri: "/api/v1/views/usage", method: .get, headers: encodings.isEmpty ? [:] : [.acceptEncoding: encodings], body: nil)
            #expect(answer.headers[.vary] == "Accept, Accept-Encoding")
            #expect((answer.headers[.contentEncoding] == "gzip") == isCompressed)
            let text = isCompressed ? try unzipped(answer.body) : String(buffer: answer.body)
            #expect(text == String(buffer: plain.body))
            if isCompressed { #expect(answer.body.readableBytes < plain.body.readableBytes / 3) }
        }
    }

    @Test func `short answers, heads and followers go as they are; records in pieces do not`() async throws {
        try await withAPI(.live) { api, engine async throws in
            let headers: HTTPFields = [.acceptEncoding: "gzip"]
            func send(_ uri: String, _ method: HTTPRequest.Method = .get) async throws -> TestResponse {
                try await api.client.executeRequest(uri: uri, method: method, headers: headers, body: nil)
            }
            #expect(try await send("/api/v1/views/usage?limit=1").headers[.contentEncoding] == nil)
            #expect(try await send("/api/v1/views/usage", .head).headers[.contentEncoding] == nil)
            for number in 0..<1_200 { try engine.append(key: [65], value: Array("{\"n\":\(number)}".utf8)) }
            let records = try await send("/api/v1/topics/single/records?limit=2000")
            #expect(records.headers[.contentEncoding] == "gzip")
            #expect(try unzipped(records.body).split(separator: "\n").count == 1_200)
            // Last: a follower's connection ends with it.
            let follower = try await send("/api/v1/topics/single/records?follow=true&offset=earliest&limit=1")
            #expect(follower.headers[.contentEncoding] == nil && follower.headers[.cacheControl] == "no-transform")
        }
    }
}
