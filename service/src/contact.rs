//! People at a customer, and addresses beside its own. They belong to whoever the customer belongs
//! to, and are found by it.

use aide::axum::ApiRouter;
use uuid::Uuid;

use crate::{
    db::Db,
    list::filter,
    record::{choice, columns, record},
    resource::{Resource, Table, writable},
};

record! {
    /// Somebody at a customer.
    pub struct Contact {
        /// What they are known by.
        id: Uuid,
        /// The customer's tenant, such as `de`.
        tenant: String,
        /// The customer.
        customer_id: Uuid,
        /// First and last name, such as `Ulrike Jäger`.
        name: String,
        /// What they do there, such as `Purchasing`.
        function: Option<String>,
        /// Where mail goes, such as `u.jaeger@huber.example`.
        email: Option<String>,
        /// As it is dialled or written, such as `+49 2331 555 010`.
        phone: Option<String>,
        /// What they read (BCP 47); null: what the customer does, such as `de`.
        language: Option<String>,
        /// Whether they are the one to turn to first: setting it takes it from another.
        is_primary: bool,
        /// The customer's owner.
        owner_id: Option<Uuid>,
        /// The customer's team.
        team_id: Option<Uuid>,
    }
}

columns! {
    /// What may be said about somebody at a customer.
    pub struct ContactChange {
        customer_id: Uuid,
        name: String,
        function: String,
        email: String,
        phone: String,
        language: String,
        is_primary: bool,
    }
}

filter! {
    /// Which contacts to list.
    pub struct ContactFilter sorted by [name, is_primary] {
        /// Of which customer.
        customer_id: Uuid,
        /// Part of the name, in capitals or not, such as `jäger`.
        name: String = "strpos(lower(name), lower({})) > 0",
        /// Where mail goes, in capitals or not, such as `u.jaeger@huber.example`.
        email: String = "lower(email) = lower({})",
        /// Whether they are the ones to turn to first.
        is_primary: bool,
        /// The employee whose customers' they are.
        owner_id: Uuid,
    }
}

impl Resource for Contact {
    const NAME: &'static str = "contact";
    const PLURAL: &'static str = "contacts";
    const PATH: &'static str = "/v1/contacts";
    const TABLE: &'static str = "crm.contact";
    type Id = Uuid;
    type Filter = ContactFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Table for Contact {
    const OBJECT: &'static str = "customer";
    const REQUIRED: &'static [&'static str] = &["customer_id", "name"];
    const FIXED: &'static [&'static str] = &["customer_id"];
    type Change = ContactChange;
}

record! {
    /// Where a customer wants invoices or goods, if not at its own address.
    pub struct CustomerAddress {
        /// What it is known by.
        id: Uuid,
        /// The customer's tenant, such as `de`.
        tenant: String,
        /// The customer.
        customer_id: Uuid,
        /// What goes there, such as `delivery`.
        kind: String,
        /// What tells it from others, such as `Lager Nord`.
        label: Option<String>,
        /// Whom it is addressed to; null: the customer, such as `Huber Filiale Süd`.
        name: Option<String>,
        /// Street and house number, such as `Südring 4`.
        street: Option<String>,
        /// As the country writes it, such as `81371`.
        postal_code: Option<String>,
        /// The town, such as `München`.
        city: Option<String>,
        /// State or province, such as `BY`.
        region: Option<String>,
        /// Two letters (ISO 3166), such as `DE`.
        country: String,
        /// The customer's owner.
        owner_id: Option<Uuid>,
        /// The customer's team.
        team_id: Option<Uuid>,
    }
}

columns! {
    /// What may be said about an address of a customer.
    pub struct CustomerAddressChange {
        customer_id: Uuid,
        kind: AddressKind,
        label: String,
        name: String,
        street: String,
        postal_code: String,
        city: String,
        region: String,
        country: String,
    }
}

choice! {
    /// What goes to an address.
    pub enum AddressKind {
        /// Invoices.
        Billing = "billing",
        /// Goods.
        Delivery = "delivery",
    }
}

filter! {
    /// Which addresses of customers to list.
    pub struct CustomerAddressFilter sorted by [kind, country] {
        /// Of which customer.
        customer_id: Uuid,
        /// What goes there.
        kind: AddressKind,
        /// The town, such as `München`.
        city: String,
        /// Two letters (ISO 3166), such as `DE`.
        country: String,
    }
}

impl Resource for CustomerAddress {
    const NAME: &'static str = "customer address";
    const PLURAL: &'static str = "customer addresses";
    const PATH: &'static str = "/v1/customer-addresses";
    const TABLE: &'static str = "crm.customer_address";
    type Id = Uuid;
    type Filter = CustomerAddressFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Table for CustomerAddress {
    const OBJECT: &'static str = "customer";
    const REQUIRED: &'static [&'static str] = &["customer_id", "kind", "country"];
    const FIXED: &'static [&'static str] = &["customer_id"];
    type Change = CustomerAddressChange;
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .merge(writable::<Contact>())
        .merge(writable::<CustomerAddress>())
}
