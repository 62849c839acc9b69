//! Persons, staff and services. Nothing is stored of them: all follows from seed and number, so a
//! hundred million persons cost no memory and are the same at every meeting.

use super::circumstances::{CITIES, City, DESKTOPS, MOBILES};
use super::random::{Random, Zipf, mix};

const FIRST_NAMES: &[&str] = &[
    "Olivia",
    "Liam",
    "Emma",
    "Noah",
    "Amelia",
    "Oliver",
    "Sophia",
    "Elijah",
    "Charlotte",
    "James",
    "Isabella",
    "William",
    "Ava",
    "Benjamin",
    "Mia",
    "Lucas",
    "Evelyn",
    "Henry",
    "Luna",
    "Theodore",
    "Harper",
    "Jack",
    "Camila",
    "Levi",
    "Sofia",
    "Alexander",
    "Scarlett",
    "Daniel",
    "Elena",
    "Michael",
    "Aisha",
    "Mateo",
    "Yuki",
    "Ravi",
    "Fatima",
    "Chen",
    "Ingrid",
    "Kwame",
    "Priya",
    "Diego",
    "Hana",
    "Omar",
    "Nadia",
    "Pavel",
    "Greta",
    "Tomas",
    "Leila",
    "Viktor",
    "Rosa",
    "Samuel",
    "Grace",
    "Walter",
    "Dorothy",
    "Harold",
    "Ruth",
    "Eugene",
    "Marie",
    "Frank",
    "Alice",
    "Ralph",
];
const LAST_NAMES: &[&str] = &[
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "Garcia",
    "Miller",
    "Davis",
    "Rodríguez",
    "Martínez",
    "Hernández",
    "López",
    "Wilson",
    "Anderson",
    "Thomas",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Pérez",
    "Thompson",
    "White",
    "Harris",
    "Sánchez",
    "Clark",
    "Ramírez",
    "Lewis",
    "Robinson",
    "Walker",
    "Young",
    "Allen",
    "King",
    "Wright",
    "Scott",
    "Torres",
    "Nguyen",
    "Hill",
    "Flores",
    "Green",
    "Adams",
    "Nelson",
    "Baker",
    "Hall",
    "Rivera",
    "Campbell",
    "Mitchell",
    "Carter",
    "Roberts",
    "O'Brien",
    "Müller",
    "Schmidt",
    "Rossi",
    "Dubois",
    "Novák",
    "Kowalski",
    "Andersson",
    "Hansen",
    "Tanaka",
    "Suzuki",
    "Patel",
    "Singh",
    "Okafor",
    "Mensah",
    "Haddad",
    "Yılmaz",
    "Kim",
    "Park",
    "Wang",
    "Zhang",
    "Silva",
    "Santos",
    "McDonald",
    "Fitzgerald",
];
const MAIL_HOSTS: &[&str] = &["example.com", "mail.example.net", "post.example.org"];
const ROLES: &[&str] =
    &["nurse", "physician", "claims_clerk", "support", "administrator", "auditor", "pharmacist"];

/// At most so many members of staff.
const STAFF_MAX: u64 = 5_000;

/// Everybody whom events can be about, or who can act.
pub(super) struct People {
    seed: u64,
    persons: Zipf,
    staff: u64,
}

/// A person or a member of staff.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub(super) number: u64,
    pub(super) is_staff: bool,
    /// All that is particular to the person follows from these bits.
    pub(super) bits: u64,
}

/// A program with an account of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) user_agent: &'static str,
}

/// The programs that act.
pub(super) const SERVICES: &[Service] = &[
    Service {
        id: "svc-claims-sync",
        name: "Claims synchroniser",
        user_agent: "python-requests/2.31.0",
    },
    Service { id: "svc-billing", name: "Billing", user_agent: "Go-http-client/2.0" },
    Service { id: "svc-notifier", name: "Notification service", user_agent: "okhttp/4.12.0" },
    Service { id: "svc-scheduler", name: "Appointment scheduler", user_agent: "axios/1.7.2" },
    Service {
        id: "svc-deploy",
        name: "Deployment pipeline",
        user_agent: "kubectl/v1.29.3 (linux/amd64) kubernetes/6813625",
    },
    Service {
        id: "svc-backup",
        name: "Backup",
        user_agent: "aws-cli/2.13.5 Python/3.11.4 Linux/5.15.0-1042-aws exe/x86_64.ubuntu.22 prompt/off",
    },
    Service { id: "svc-gateway", name: "Sign-in gateway", user_agent: "Envoy/1.30.1" },
    Service { id: "svc-guard", name: "Threat detection", user_agent: "Java-http-client/21.0.3" },
];

impl People {
    pub(super) fn new(seed: u64, persons: u64) -> Self {
        let persons = persons.max(1);
        Self { seed, persons: Zipf::new(persons), staff: (persons / 100).clamp(5, STAFF_MAX) }
    }

    /// A person, after Zipf's law.
    pub(super) fn person(&self, random: &mut Random) -> Person {
        let number = self.persons.draw(random);
        Person { number, is_staff: false, bits: mix(self.seed ^ mix(number)) }
    }

    /// Any member of staff.
    pub(super) fn staff(&self, random: &mut Random) -> Person {
        let number = random.below(self.staff);
        Person { number, is_staff: true, bits: mix(self.seed ^ mix(!number)) }
    }
}

impl Person {
    pub(super) fn id(&self) -> String {
        match self.is_staff {
            true => format!("s-{:05}", self.number),
            false => format!("u-{:07}", self.number),
        }
    }

    pub(super) fn first_name(&self) -> &'static str {
        self.one_of(FIRST_NAMES, 0)
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_name(), self.one_of(LAST_NAMES, 8))
    }

    pub(super) fn email(&self) -> String {
        let (name, number) = (self.first_name().to_ascii_lowercase(), self.number);
        match self.is_staff {
            true => format!("{name}.s{number}@staff.example.org"),
            false => format!("{name}.{number}@{}", self.one_of(MAIL_HOSTS, 16)),
        }
    }

    /// Where the person lives.
    pub(super) fn city(&self) -> City {
        self.one_of(CITIES, 24)
    }

    /// What members of staff may do; persons have no roles.
    pub(super) fn role(&self) -> Option<&'static str> {
        self.is_staff.then(|| self.one_of(ROLES, 32))
    }

    /// One of the person's two or three devices: a desktop first, then mobile ones. Staff work at
    /// their desks.
    pub(super) fn user_agent(&self, device: u64) -> &'static str {
        match device {
            _ if self.is_staff => self.one_of(DESKTOPS, 32),
            0 => self.one_of(DESKTOPS, 32),
            1 => self.one_of(MOBILES, 40),
            _ => self.one_of(MOBILES, 44),
        }
    }

    pub(super) fn devices(&self) -> u64 {
        2 + (self.bits >> 48) % 2
    }

    /// The address of a device: staff inside the house, persons in the network of their provider;
    /// one person in eight has IPv6.
    pub(super) fn address(&self, device: u64) -> String {
        let [a, b, c, d, ..] = mix(self.bits ^ 0xadd7).to_be_bytes();
        if self.is_staff {
            return format!("10.20.{}.{}", c % 64, 1 + d % 250);
        }
        if a.is_multiple_of(8) {
            return format!("2001:4{:x}0:{b:x}{c:02x}:{d:x}::{:x}", a % 16, device + 1);
        }
        format!("{}.{b}.{c}.{}", self.city().first_octet, 10 + (u64::from(d) + device) % 200)
    }

    /// Identifier in another system: of the form of an ICN.
    pub(super) fn icn(&self) -> String {
        let bits = mix(self.bits ^ 0x1c4);
        format!("10{:08}V{:06}", bits % 100_000_000, (bits >> 32) % 1_000_000)
    }

    fn one_of<T: Copy>(&self, items: &[T], shift: u32) -> T {
        let number = mix(self.bits.rotate_right(shift)) % items.len() as u64;
        items[number as usize]
    }
}
