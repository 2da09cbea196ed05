import Foundation

/// An authority made for a test, and what it has signed: files in a directory that goes with the object.
public final class Certificates: Sendable {
    public static let openssl: String? = (Brokers.environment("PATH") ?? "").split(separator: ":").map { "\($0)/openssl" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
    public static let skipped = "no openssl here: install it"

    private let directory: String

    /// The authority's own certificate, by which others check what it has signed.
    public var authority: String { "\(directory)/ca.pem" }

    public init() throws {
        directory = try BrokerProcess.temporaryDirectory()
        try openssl(["-keyout", "\(directory)/ca.key", "-out", authority, "-subj", "/CN=an authority for tests"])
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// A certificate and its key, for this machine's own address.
    public func signed(_ name: String) throws -> (certificate: String, key: String) {
        let (certificate, key) = ("\(directory)/\(name).pem", "\(directory)/\(name).key")
        try openssl([
            "-CA", authority, "-CAkey", "\(directory)/ca.key", "-keyout", key, "-out", certificate, "-subj", "/CN=\(name)",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ])
        return (certificate, key)
    }

    private func openssl(_ arguments: [String]) throws {
        let common = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"]
        _ = try ForeignProcess.output(of: Self.openssl ?? "", common + arguments, input: "")
    }
}
