public import ArgumentParser
public import Base
import HTTPAPI

// How options of our own types are written on the command line.

extension TimeSpan: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension HTTPServer.Address {
    /// `127.0.0.1:8000`, `[::1]:8000`, `localhost:8000`, or just a port; nil for anything else.
    @Sendable
    init?(text: String) {
        let colon = text.lastIndex(of: ":")
        let port = colon.map { text[text.index(after: $0)...] } ?? text[...]
        var host = colon.map { String(text[..<$0]) } ?? "127.0.0.1"
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        guard let number = Int(port), (0...65_535).contains(number), !host.isEmpty, isBracketed || !host.contains(":") else { return nil }
        self.init(host: host, port: number)
    }
}
