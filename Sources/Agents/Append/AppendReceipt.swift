#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension AppendClient {
    /// What the engine says about the records of an append.
    public struct Receipt: Hashable, Sendable {
        /// Records in which the engine found no key; what reads the topic makes dead letters of those it cannot use.
        public var withoutKey = 0
        /// The engine had the records already, from an attempt or a run before.
        public var isDuplicate = false

        public init(withoutKey: Int = 0, isDuplicate: Bool = false) {
            self.withoutKey = withoutKey
            self.isDuplicate = isDuplicate
        }

        /// `{"appended": 5000, "without_key": 2, …}` or `{"duplicate": true, …}`; parts that are missing stay zero.
        static func read(_ body: [UInt8]) -> Receipt {
            guard let parts = try? JSONDecoder().decode(Parts.self, from: Data(body)) else { return Receipt() }
            return Receipt(withoutKey: parts.withoutKey ?? 0, isDuplicate: parts.duplicate ?? false)
        }

        private struct Parts: Decodable {
            var withoutKey: Int?
            var duplicate: Bool?

            private enum CodingKeys: String, CodingKey {
                case withoutKey = "without_key"
                case duplicate
            }
        }
    }
}
