/// A provider's region, and the time in it.
struct Region: Sendable {
    let provider: String
    let name: String
    /// IANA zone of where the region is.
    let zone: String
    /// The zone's standard time, all year: office hours are an hour off in summer where clocks change, which nobody can
    /// see in a load, and the generator needs no tables of time zones.
    let offsetSeconds: Int64

    /// Those for which the price list has prices.
    static let all: [Region] = [
        Region(provider: "aws", name: "us-east-1", zone: "America/New_York", offsetSeconds: -5 * 3_600),
        Region(provider: "aws", name: "eu-central-1", zone: "Europe/Berlin", offsetSeconds: 3_600),
        Region(provider: "aws", name: "eu-west-1", zone: "Europe/Dublin", offsetSeconds: 0),
        Region(provider: "aws", name: "ap-south-1", zone: "Asia/Kolkata", offsetSeconds: 5 * 3_600 + 1_800),
        Region(provider: "aws", name: "ap-northeast-1", zone: "Asia/Tokyo", offsetSeconds: 9 * 3_600),
        Region(provider: "aws", name: "ap-southeast-2", zone: "Australia/Sydney", offsetSeconds: 10 * 3_600),
        Region(provider: "gcp", name: "us-central1", zone: "America/Chicago", offsetSeconds: -6 * 3_600),
        Region(provider: "gcp", name: "europe-west3", zone: "Europe/Berlin", offsetSeconds: 3_600),
        Region(provider: "gcp", name: "asia-southeast1", zone: "Asia/Singapore", offsetSeconds: 8 * 3_600),
        Region(provider: "azure", name: "eastus", zone: "America/New_York", offsetSeconds: -5 * 3_600),
        Region(provider: "azure", name: "westeurope", zone: "Europe/Amsterdam", offsetSeconds: 3_600),
    ]
}
