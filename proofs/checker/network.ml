(* Networks: the multipliers, here called variables, and how each synapse scales with them. *)

open Strict_json

(* Sums of variables with exponents; merged ones are in the order of the variables, without those of exponent 0. *)
type form = (int * Q.t) list

module Sparse = Map.Make (Int)

let merged (form : form) : form =
  let add sums (v, share) = Sparse.update v (fun old -> Some (Q.add share (Option.value old ~default:Q.zero))) sums in
  Sparse.bindings (Sparse.filter (fun _ share -> Q.sign share <> 0) (List.fold_left add Sparse.empty form))

(* What the multipliers do to the weights into a synapse's target and out of its source, and both together. *)
type synapse = { name : string; weight : Q.t; target : form; source : form; exponents : form }

(* `variable` names the units whose multiplier is a variable itself, not a power of one. *)
type t = { variable : (string * int) list; count : int; synapses : synapse array }

(* A file, before it is known what scales. The degree of a hidden unit is c with f(tx) = t^c f(x), if there is one. *)
type kind = Input | Output | Hidden of Q.t option | Product of string list

type described = { units : (string * kind) list; ties : (string * Q.t) list list; edges : (string * string * string * Q.t) list }

(* ---- Components ---- *)

(* Of values that edges (other, quotient) join: the members of each component, in the order they are found, and whether all ways agree;
   and the values, 1 at the first member. *)
let components neighbours =
  let values = Array.make (Array.length neighbours) Q.zero in
  let explore start =
    let waiting = Queue.create () and found = ref [] in
    let reach value one =
      values.(one) <- value;
      Queue.add one waiting
    in
    reach Q.one start;
    while not (Queue.is_empty waiting) do
      let one = Queue.pop waiting in
      found := one :: !found;
      let look (other, quotient) = if Q.sign values.(other) = 0 then reach (Q.mul values.(one) quotient) other in
      List.iter look neighbours.(one)
    done;
    let agrees one = List.for_all (fun (other, quotient) -> Q.equal values.(other) (Q.mul values.(one) quotient)) neighbours.(one) in
    (List.rev !found, List.for_all agrees !found)
  in
  let unreached start = if Q.sign values.(start) = 0 then Some (explore start) else None in
  let parts = List.filter_map unreached (List.init (Array.length neighbours) Fun.id) in
  (parts, values)

(* ---- From what is described to what scales ---- *)

let malformed format = Printf.ksprintf (fun complaint -> raise (Malformed complaint)) format

let numbered units =
  let number = Hashtbl.create (Array.length units) in
  let add k (name, _) =
    if Hashtbl.mem number name then malformed "units[%d].id: %S occurs twice" k name;
    Hashtbl.add number name k
  in
  Array.iteri add units;
  number

let degree_of units one = match snd units.(one) with Hidden degree -> degree | _ -> None

let joined units number ties =
  let neighbours = Array.map (fun _ -> []) units in
  let member k seen (name, exponent) =
    let one = match Hashtbl.find_opt number name with Some one -> one | None -> malformed "ties[%d]: no unit %S" k name in
    (match snd units.(one) with Hidden _ -> () | _ -> malformed "ties[%d]: %S is no hidden unit" k name);
    if List.mem one seen then malformed "ties[%d]: %S occurs twice" k name;
    if Q.sign exponent = 0 then malformed "ties[%d]: %S has the exponent 0" k name;
    (one :: seen, (one, exponent))
  in
  let rec join = function
    | (one, a) :: ((other, b) :: _ as rest) ->
        neighbours.(one) <- (other, Q.div b a) :: neighbours.(one);
        neighbours.(other) <- (one, Q.div a b) :: neighbours.(other);
        join rest
    | _ -> ()
  in
  List.iteri (fun k tie -> join (snd (List.fold_left_map (member k) [] tie))) ties;
  neighbours

(* What the outputs of a product scale by; the factors come first. *)
let follow_products units number out_of =
  let length = Array.map (fun (_, kind) -> match kind with Product _ -> 0 | _ -> 1) units in
  let entered = Array.map (fun _ -> false) units in
  let rec visit one =
    match snd units.(one) with
    | Product factors when length.(one) = 0 ->
        if entered.(one) then malformed "units[%d].of: a product of itself" one;
        entered.(one) <- true;
        let factor name =
          match Hashtbl.find_opt number name with Some factor -> visit factor; factor | None -> malformed "units[%d].of: no unit %S" one name
        in
        let factors = List.map factor factors in
        let add sum factor =
          if sum + length.(factor) > Z.to_int largest_power then malformed "units[%d].of: too long a product" one;
          sum + length.(factor)
        in
        length.(one) <- List.fold_left add 0 factors;
        if length.(one) = 0 then malformed "units[%d].of: a product of nothing" one;
        out_of.(one) <- merged (List.concat_map (fun factor -> out_of.(factor)) factors)
    | _ -> ()
  in
  Array.iteri (fun one _ -> visit one) units

let build { units; ties; edges } =
  let units = Array.of_list units in
  let number = numbered units in
  let into = Array.map (fun _ -> []) units and out_of = Array.map (fun _ -> []) units in
  let parts, exponents = components (joined units number ties) in
  let is_free (members, agree) = agree && List.for_all (fun one -> degree_of units one <> None) members in
  let free = List.map fst (List.filter is_free parts) in
  let scale v one =
    let degree = Option.get (degree_of units one) in
    into.(one) <- [ (v, exponents.(one)) ];
    if Q.sign degree <> 0 then out_of.(one) <- [ (v, Q.neg (Q.mul exponents.(one) degree)) ];
    if Q.equal exponents.(one) Q.one then Some (fst units.(one), v) else None
  in
  let variable = List.concat (List.mapi (fun v members -> List.filter_map (scale v) members) free) in
  follow_products units number out_of;
  let seen = Hashtbl.create 1024 in
  let synapse k (name, from, to_, weight) =
    let end_ field name = match Hashtbl.find_opt number name with Some one -> one | None -> malformed "synapses[%d].%s: no unit %S" k field name in
    let source = end_ "from" from and target = end_ "to" to_ in
    (match snd units.(target) with Hidden _ | Output -> () | _ -> malformed "synapses[%d].to: no synapse can enter %S" k to_);
    if Hashtbl.mem seen (source, target) then malformed "synapses[%d]: a second synapse from %S to %S" k from to_;
    Hashtbl.add seen (source, target) ();
    let target = into.(target) and source = out_of.(source) in
    { name; weight; target; source; exponents = merged (target @ source) }
  in
  { variable; count = List.length free; synapses = Array.of_list (List.mapi synapse edges) }

(* ---- JSON ---- *)

let homogeneous = [ "linear"; "relu"; "abs" ]

let not_homogeneous =
  String.split_on_char ' '
    "celu cos elu erf exp gelu glu hard_sigmoid hard_swish hard_tanh log_sigmoid log_softmax mish quick_gelu relu6 selu sigmoid silu sin softmax \
     softplus softsign swish tanh threshold"

let degree_named name = if List.mem name homogeneous then Some (Some Q.one) else if List.mem name not_homogeneous then Some None else None

let degree value =
  match value.held with
  | `Stringlit _ -> (
      match degree_named (text value) with Some degree -> degree | None -> fail value "an activation that is not known, or lacks its parameters")
  | _ -> (
      let given inner names =
        let field = record inner names [] in
        fun name -> Option.get (field name)
      in
      match fields value with
      | [ (("leaky_relu" | "prelu"), slope) ] ->
          ignore (number slope);
          Some Q.one
      | [ ("bilu", inner) ] ->
          let field = given inner [ "a"; "b" ] in
          List.iter (fun name -> ignore (number (field name))) [ "a"; "b" ];
          Some Q.one
      | [ ("bipu", inner) ] ->
          let field = given inner [ "c"; "C"; "D" ] in
          List.iter (fun name -> ignore (number (field name))) [ "C"; "D" ];
          Some (power (field "c"))
      | [ ("not_homogeneous", inner) ] ->
          let taken = [ "leaky_relu"; "prelu"; "bilu"; "bipu"; "not_homogeneous"; "" ] @ homogeneous in
          need (not (List.mem (text inner) taken)) inner "the name of an activation of another kind";
          None
      | _ -> fail value "not an activation")

let described_unit value =
  let field = record value [ "id"; "kind" ] [ "activation"; "of" ] in
  let activation = Option.map degree (field "activation") and factors = Option.map (many text) (field "of") in
  let kind =
    match (text (Option.get (field "kind")), activation, factors) with
    | ("input" | "bias"), None, None -> Input
    | "hidden", Some degree, None -> Hidden degree
    | "output", _, None -> Output
    | "product", None, Some factors -> Product factors
    | _ -> fail value "a unit of no kind, or with fields of another kind"
  in
  (text (Option.get (field "id")), kind)

let described_tie value =
  match value.held with
  | `Stringlit _ -> (text value, Q.one)
  | _ ->
      let field = record value [ "unit" ] [ "exponent" ] in
      (text (Option.get (field "unit")), Option.fold ~none:Q.one ~some:power (field "exponent"))

let described_edge number value =
  let field = record value [ "from"; "to"; "weight" ] [] in
  let field name = Option.get (field name) in
  (string_of_int number, text (field "from"), text (field "to"), Strict_json.number (field "weight"))

let of_json value =
  let field = record value [ "format"; "version"; "units"; "synapses" ] [ "ties" ] in
  let needed name = Option.get (field name) in
  constant "synaptic-balance/network" (needed "format");
  need (Z.equal (integer (needed "version")) Z.one) (needed "version") "1 is needed";
  let units = many described_unit (needed "units") in
  let ties = Option.fold ~none:[] ~some:(many (many described_tie)) (field "ties") in
  let edges = List.mapi described_edge (list (needed "synapses")) in
  build { units; ties; edges }
