import Base
import Foundation
import HTTPTypes
import Testing

@testable import HTTPAPI

/// Runs what the page about queries shows, against `FakeEngine`.
@Suite struct QueryPageTests {
    private struct Sample {
        var path: String
        var headers: [String: String]
        /// What the page says that it answers; what follows `…` in a line is left out.
        var lines: [String]
    }

    private static func samples() throws -> [Sample] {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("Sources/HTTPAPI/HTTPAPI.docc/Queries.md"), encoding: .utf8)
        var samples: [Sample] = []
        var isInside = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") { isInside = line == "```console" } else if isInside, line.hasPrefix("$ curl") {
                let quoted = line.split(separator: "'").enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
                let url = try #require(quoted.last), accept = quoted.count > 1 ? quoted[0].dropFirst("Accept: ".count) : "*/*"
                samples.append(Sample(path: String(url.drop { $0 != "/" }), headers: ["Accept": String(accept)], lines: []))
            } else if isInside {
                samples[samples.count - 1].lines.append(String(line))
            }
        }
        return samples
    }

    @Test func `the page about queries shows what the interface answers`() async throws {
        try await withAPI { api, _ async throws in
            let samples = try Self.samples()
            #expect(samples.count >= 8)
            for sample in samples {
                let answer = try await api.get(sample.path, headers: sample.headers)
                #expect(answer.status == 200)
                let lines = answer.text.split { $0.isNewline }.map(String.init)
                #expect(lines.count == sample.lines.count, "\(sample.path)\n\(answer.text)")
                for (line, shown) in zip(lines, sample.lines) {
                    let beginning = shown.prefix { $0 != "…" }
                    #expect(shown.contains("…") ? line.hasPrefix(beginning) : line == shown, "\(sample.path)\n\(line)")
                }
            }
        }
    }
}
