import Base
import Foundation

/// Measurements of fifty machines, the same for the same seed: event time advances, mildly out of order; some records are
/// late, some are poison. In batches, as a client appends them.
struct EventFile {
    /// Records that no topology can read, each once in so many records.
    private static let poisonEvery = 997
    private static let lateEvery = 501
    private static let batchRecords = 500
    /// Records of five minutes of event time: 300, so that sixty thousand make two hundred windows.
    private static let recordStep = TimeSpan.seconds(1)
    private static let metrics = ["cpu_utilization", "memory_used", "disk_busy"]

    /// Lines of JSON, each ended by a line break.
    private(set) var batches: [[UInt8]] = []
    private(set) var count = 0
    private(set) var poisonCount = 0

    init(count: Int, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        self.count = count
        for start in stride(from: 0, to: count, by: Self.batchRecords) {
            var lines: [UInt8] = []
            for index in start..<min(count, start + Self.batchRecords) {
                if index % Self.poisonEvery == Self.poisonEvery / 2 {
                    poisonCount += 1
                    lines += Self.poison(number: poisonCount, index: index)
                } else {
                    lines += Array(Self.line(index, &random).utf8)
                }
                lines.append(UInt8(ascii: "\n"))
            }
            batches.append(lines)
        }
    }

    private static func time(_ index: Int, earlierBy seconds: Int = 0) -> EventTime {
        // 2025-06-01T00:00:00Z.
        let start = EventTime(microseconds: 1_748_736_000_000_000)
        return start + TimeSpan(microseconds: recordStep.microseconds * Int64(index)) - .seconds(Int64(seconds))
    }

    private static func line(_ index: Int, _ random: inout SeededRandom) -> String {
        let isLate = index % lateEvery == lateEvery / 2
        return line(
            "i-\(random.below(50))", time(index, earlierBy: isLate ? 600 + random.below(3_600) : random.below(29)),
            metrics[random.below(3)], "\(random.below(100)).\(random.below(900) + 100)")
    }

    private static func line(_ resource: String, _ time: some CustomStringConvertible, _ metric: String, _ value: String) -> String {
        "{\"resource_id\":\"\(resource)\",\"observed_at\":\"\(time)\",\"metric\":\"\(metric)\",\"value\":\(value)}"
    }

    /// No JSON, no object, fields that are missing, of the wrong type, out of bounds; some without a key that can be read.
    private static func poison(number: Int, index: Int) -> [UInt8] {
        let time = time(index)
        switch number % 9 {
        case 0: return Array("{ not json \(index)".utf8)
        case 1: return Array(line("i-\(number)", time, "m", "\"high\"").utf8)
        case 2: return Array("{\"resource_id\":\"i-\(number)\",\"observed_at\":\"\(time)\",\"value\":1.5}".utf8)
        case 3: return Array("{\"observed_at\":\"\(time)\",\"metric\":\"m\",\"value\":1.5}".utf8)
        case 4: return Array("[1,2,\(index)]".utf8)
        case 5: return Array(line("i-\(number)", "yesterday", "m", "1.5").utf8)
        case 6: return Array(line("i-\(number)", "2999-01-01T00:00:00Z", "m", "1.5").utf8)
        case 7: return Array("{\"resource_id\":\"i-".utf8) + [0xFF, 0xFE] + Array("\",\"metric\":\"\(index)\"}".utf8)
        default: return Array("{}".utf8)
        }
    }
}
