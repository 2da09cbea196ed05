/// A public list price: on demand, Linux, US dollars an hour, without tax or discount.
public struct ListPrice: Sendable {
    public let provider: String
    public let region: String
    public let type: String
    public let vcpus: Int
    public let memoryBytes: Int64
    public let usdPerHour: Double
    /// The day of the list, as `2026-01-19`.
    public let pricedOn: String
    /// The address of the list.
    public let source: String

    /// What is billed, and the key of the price table: `provider/region/type`.
    public var sku: String { provider + "/" + region + "/" + type }

    /// All prices there are, by provider, region and type.
    public static let all: [ListPrice] = PriceTable.all.flatMap { table in
        table.rows.flatMap { type, vcpus, gibibytes, prices in
            zip(table.regions, prices).compactMap { region, price in
                price.map {
                    ListPrice(
                        provider: table.provider, region: region, type: type, vcpus: vcpus, memoryBytes: Int64(gibibytes) << 30,
                        usdPerHour: $0, pricedOn: table.pricedOn, source: table.source)
                }
            }
        }
    }
}

/// A list of prices as it was found. The figures of each are in one published file, which its address names with the
/// version that was read; see <doc:Fleet> for how they came about.
struct PriceTable: Sendable {
    let provider: String
    let pricedOn: String
    let source: String
    let regions: [String]
    /// Machine type, processors, memory in GiB, and a price for each region; nil where the list was not read for it.
    let rows: [(type: String, vcpus: Int, gibibytes: Int, prices: [Double?])]

    static let all = [awsVirginia, awsElsewhere, gcp, azure]

    private static let awsVirginia = PriceTable(
        provider: "aws", pricedOn: "2026-01-19",
        source: "https://github.com/aws/karpenter-provider-aws/blob/031e72b6099630e960dacb88b48a7e9bb780945f/"
            + "pkg/providers/pricing/zz_generated.pricing_aws.go",
        regions: ["us-east-1"],
        rows: [
            ("t3.medium", 2, 4, [0.0416]), ("t3.large", 2, 8, [0.0832]),
            ("m5.large", 2, 8, [0.096]), ("m5.xlarge", 4, 16, [0.192]), ("m5.2xlarge", 8, 32, [0.384]),
            ("m7g.large", 2, 8, [0.0816]), ("c5.xlarge", 4, 8, [0.17]), ("c5d.2xlarge", 8, 16, [0.384]),
            ("r5.large", 2, 16, [0.126]), ("r8i.large", 2, 16, [0.13892]),
        ])

    private static let awsElsewhere = PriceTable(
        provider: "aws", pricedOn: readOn,
        source: "https://github.com/skypilot-org/skypilot-catalog/blob/00148f2af3672e2229b4f7bf8157d5a3f36e3c35/"
            + "catalogs/v8/aws/vms.csv",
        regions: ["eu-central-1", "eu-west-1", "ap-south-1", "ap-northeast-1", "ap-southeast-2"],
        rows: [
            ("m5.large", 2, 8, [0.115, 0.107, 0.101, 0.124, 0.12]),
            ("m5.xlarge", 4, 16, [0.23, 0.214, 0.202, 0.248, 0.24]),
            ("m5.2xlarge", 8, 32, [0.46, 0.428, 0.404, 0.496, 0.48]),
            ("c5d.2xlarge", 8, 16, [0.444, 0.436, 0.396, 0.488, 0.504]),
            ("r8i.large", 2, 16, [0.16758, nil, 0.14333, 0.16758, 0.16648]),
        ])

    private static let gcp = PriceTable(
        provider: "gcp", pricedOn: readOn,
        source: "https://github.com/skypilot-org/skypilot-catalog/blob/006059e0f18acb1341e22a27751e9f80df6ba92f/"
            + "catalogs/v8/gcp/vms.csv",
        regions: ["us-central1", "europe-west3", "asia-southeast1"],
        rows: [
            ("e2-standard-2", 2, 8, [0.06701, 0.08634, 0.08267]), ("e2-standard-4", 4, 16, [0.13402, 0.17267, nil]),
            ("e2-standard-8", 8, 32, [0.26805, 0.34534, 0.33066]), ("e2-standard-16", 16, 64, [0.53609, 0.69068, 0.66133]),
            ("e2-highcpu-16", 16, 16, [0.39576, 0.50992, 0.48824]),
        ])

    private static let azure = PriceTable(
        provider: "azure", pricedOn: "2023-12-18",
        source: "https://github.com/Azure/karpenter-provider-azure/blob/0499866a0874e27363395146ad4ecf5dac208e6d/"
            + "pkg/providers/pricing/zz_generated.pricing.go",
        regions: ["eastus", "westeurope"],
        rows: [
            ("Standard_B2s", 2, 4, [0.0416, 0.048]), ("Standard_B2ms", 2, 8, [0.0832, 0.096]),
            ("Standard_D2s_v5", 2, 8, [0.096, 0.115]), ("Standard_D4s_v5", 4, 16, [0.192, 0.23]),
            ("Standard_D8s_v5", 8, 32, [0.384, 0.46]), ("Standard_E2_v5", 2, 16, [0.126, 0.152]),
        ])

    /// When the lists that carry no date of their own were read.
    private static let readOn = "2026-11-23"
}
