import ArgumentParser

/// A number of bytes as people write it: `512MB`, `1.5GB`, `65536`. Units are powers of 1,024.
struct ByteCount: Hashable, ExpressibleByArgument, CustomStringConvertible {
    var bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    private static let units = [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10), ("B", 1)]

    init?(argument: String) {
        let text = argument.uppercased()
        let unit = Self.units.first { text.hasSuffix($0.0) } ?? ("", 1)
        guard let number = Double(text.dropLast(unit.0.count)), number >= 0, number * Double(unit.1) < 9e18 else { return nil }
        bytes = Int(number * Double(unit.1))
    }

    var description: String {
        for (name, size) in Self.units where bytes >= size && bytes % size == 0 { return "\(bytes / size)\(name)" }
        return "\(bytes)B"
    }

    var defaultValueDescription: String { description }
}
