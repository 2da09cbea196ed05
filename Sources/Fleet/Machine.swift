/// A machine of the fleet, as the inventory tells it.
public struct Machine: Sendable {
    /// As its provider writes it: `i-0c1f…` of 17 hexadecimal digits (aws), a number of 19 digits (gcp), a GUID (azure).
    public let id: String
    /// Role and number, such as `web-3`; unique in the fleet.
    public let name: String
    public let role: String
    public let team: String
    public let environment: String
    /// IANA zone of its region.
    public let timeZone: String
    /// Type, size and price.
    public let price: ListPrice
    public let shape: LoadShape
}

/// What machines are for, and who has them.
struct Role: Sendable {
    let name: String
    let team: String
    /// Words that a type of machine has that suits it; nil: any.
    let suits: [String]?

    private init(_ name: String, _ team: String, suits: [String]? = nil) {
        self.name = name
        self.team = team
        self.suits = suits
    }

    /// The roles whose load has the shape.
    static func roles(of shape: LoadShape) -> [Role] {
        switch shape {
        case .idle: idle
        case .office: office
        case .batch: batch
        case .weekend: weekend
        case .bursty: bursty
        case .leaking: leaking
        case .saturated: saturated
        case .noisy: noisy
        }
    }

    private static let memory = ["r5", "r8i", "E2", "standard-8"]
    private static let compute = ["c5", "highcpu", "m5.2xlarge", "D8s"]
    private static let idle = [
        Role("legacy", "platform"), Role("staging", "web"), Role("bastion", "security"), Role("replica", "data", suits: memory),
    ]
    private static let office = [Role("web", "web"), Role("api", "checkout"), Role("erp", "finance"), Role("desktop", "people")]
    private static let batch = [Role("etl", "data", suits: compute), Role("backup", "platform"), Role("report", "finance")]
    private static let weekend = [Role("game", "play"), Role("stream", "media", suits: compute)]
    private static let bursty = [Role("ci", "platform", suits: compute), Role("render", "media", suits: compute), Role("import", "data")]
    private static let leaking = [Role("app", "checkout"), Role("cache", "web", suits: memory)]
    private static let saturated = [Role("train", "research", suits: compute), Role("encode", "media", suits: compute)]
    private static let noisy = [Role("search", "web", suits: memory), Role("queue", "checkout"), Role("db", "data", suits: memory)]
}

extension Machine {
    /// Channels of a machine's key that its identity takes.
    private enum Channel {
        static let id: UInt64 = 1
        static let idRest: UInt64 = 2
        static let provider: Int64 = 3
        static let region: Int64 = 4
        static let type: Int64 = 5
        static let role: Int64 = 6
        static let environment: Int64 = 7
        static let shape: Int64 = 8
    }

    /// - Parameters:
    ///   - key: the machine's own key.
    ///   - numbers: of each role, how many machines have it already.
    static func made(key: UInt64, shapes: [LoadShape], numbers: inout [String: Int]) -> Machine {
        func chosen<T>(_ items: [T], _ channel: Int64) -> T { items[Int(Noise.unit(key, channel) * Double(items.count))] }
        let shape = LoadShape.chosen(Noise.unit(key, Channel.shape), among: shapes)
        let role = chosen(Role.roles(of: shape), Channel.role)
        let share = Noise.unit(key, Channel.provider)
        let provider = share < 0.5 ? "aws" : share < 0.75 ? "gcp" : "azure"
        let region = chosen(Region.byProvider[provider] ?? Region.all, Channel.region)
        let prices = Region.prices[region.name] ?? []
        let suiting = prices.filter { price in role.suits.map { $0.contains { price.type.contains($0) } } ?? true }
        let price = chosen(suiting.isEmpty ? prices : suiting, Channel.type)
        let number = (numbers[role.name] ?? 0) + 1
        numbers[role.name] = number
        let environment = role.name == "staging" ? "staging" : Noise.unit(key, Channel.environment) < 0.15 ? "development" : "production"
        return Machine(
            id: id(of: provider, Noise.key(key, Channel.id), Noise.key(key, Channel.idRest)), name: "\(role.name)-\(number)",
            role: role.name, team: role.team, environment: environment, timeZone: region.zone, price: price, shape: shape)
    }

    private static func id(of provider: String, _ a: UInt64, _ b: UInt64) -> String {
        func hex(_ value: UInt64, _ digits: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: max(0, digits - text.count)) + text.suffix(digits)
        }
        switch provider {
        case "aws": return "i-0" + hex(a, 16)
        // Numbers of 19 digits that fit 63 bits.
        case "gcp": return String(1_000_000_000_000_000_000 + a % 8_000_000_000_000_000_000)
        default:
            let text = hex(a, 16), rest = hex(b, 16)
            let parts = [text.prefix(8), text.dropFirst(8).prefix(4), "4" + text.suffix(3), "a" + rest.prefix(3), rest.suffix(12)]
            return parts.joined(separator: "-")
        }
    }
}

extension Region {
    static let byProvider = Dictionary(grouping: all) { $0.provider }
    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    static let prices = Dictionary(grouping: ListPrice.all) { $0.region }
}
