(* Where a value is the product of other values, as in gates and attention, it is multiplied by what its factors are multiplied with together,
   and a synapse out of it is divided by that: then the function stays as it is. Units may have powers of one multiplier, as a key the
   inverse of its query's. The logarithms of the scalings of synapses form a linear space, which depends on the architecture only.

   Units sum what they read and apply a homogeneous function, of any real degree, or any function if they are visible; or multiply
   values of the same step, those of products too: `depth` is at least how deep products of products go, and what goes deeper, as a product
   among its own factors would, counts 0. *)

From Coq Require Import Reals List Lra Lia.
From Synbal Require Import finite_sums activations.
Import ListNotations.
Open Scope R_scope.

Inductive kind :=
  | source
  | sums (f : R -> R)
  | multiplies (factors : list nat).

Section Architecture.

Variables (n depth : nat) (unit_kind : nat -> kind) (visible : nat -> Prop) (degree : nat -> R).

Definition product (l : list nat) (value : nat -> R) : R := fold_right (fun i p => value i * p) 1 l.

(* The values of a step, from those of sources and of units that sum. *)
Fixpoint values (k : nat) (base : nat -> R) (i : nat) : R :=
  match unit_kind i with
  | multiplies factors => match k with O => 0 | S k => product factors (values k base) end
  | _ => base i
  end.

(* weight i j: of the synapse from j to i; x: the sources' values; state: all values of the step before. *)
Definition base_of (w : nat -> nat -> R) (x state : nat -> R) (i : nat) : R :=
  match unit_kind i with
  | source => x i
  | sums f => f (sum n (fun j => w i j * state j))
  | multiplies _ => 0
  end.

Definition next (w : nat -> nat -> R) (x state : nat -> R) : nat -> R := values depth (base_of w x state).

Fixpoint run (w : nat -> nat -> R) (x : nat -> nat -> R) (initial : nat -> R) (t : nat) : nat -> R :=
  match t with
  | O => initial
  | S t => next w (x t) (run w x initial t)
  end.

(* Logarithms: m of what a unit's incoming weights are multiplied with, v of what its value is multiplied with. *)
Definition sum_of (l : list nat) (v : nat -> R) : R := fold_right (fun i s => v i + s) 0 l.

Definition admissible (m v : nat -> R) : Prop :=
  (forall i, visible i -> m i = 0 /\ v i = 0) /\
  forall i, match unit_kind i with
    | source => v i = 0
    | sums _ => v i = degree i * m i
    | multiplies factors => v i = sum_of factors v
    end.

(* What may be scaled is homogeneous. *)
Hypothesis homogeneous_or_visible : forall i f, unit_kind i = sums f -> visible i \/ homogeneous (degree i) f.

(* The change of a synapse's logarithm, and its weight. *)
Definition log_scaling (m v : nat -> R) (i j : nat) : R := m i - v j.
Definition scaled (m v : nat -> R) (w : nat -> nat -> R) (i j : nat) : R := exp (log_scaling m v i j) * w i j.

Lemma product_scaled : forall l v value, product l (fun i => exp (v i) * value i) = exp (sum_of l v) * product l value.
Proof.
  induction l as [|i l IH]; intros v value; simpl; [rewrite exp_0; ring|].
  unfold product, sum_of in *. rewrite IH, exp_plus. ring.
Qed.

Lemma product_ext : forall l f g, (forall i, f i = g i) -> product l f = product l g.
Proof. intros l f g H. induction l as [|i l IH]; simpl; [reflexivity|]. unfold product in *. rewrite IH, H. reflexivity. Qed.

Lemma values_scaled : forall m v base base', admissible m v -> (forall i, base' i = exp (v i) * base i) ->
  forall k i, values k base' i = exp (v i) * values k base i.
Proof.
  intros m v base base' (Hvis & Hok) Hbase. induction k as [|k IH]; intros i; simpl; assert (H := Hok i); destruct (unit_kind i); auto; [ring|].
  rewrite H, <- product_scaled. apply product_ext. exact IH.
Qed.

Lemma next_scaled : forall m v w x state state', admissible m v -> (forall i, state' i = exp (v i) * state i) ->
  forall i, next (scaled m v w) x state' i = exp (v i) * next w x state i.
Proof.
  intros m v w x state state' Hadm Hstate. apply (values_scaled m v); [exact Hadm|]. intros i.
  destruct Hadm as (Hvis & Hok). unfold base_of. assert (H := Hok i). destruct (unit_kind i) as [|f|factors] eqn:Hk.
  - rewrite H, exp_0. ring.
  - replace (sum n (fun j => scaled m v w i j * state' j)) with (exp (m i) * sum n (fun j => w i j * state j)).
    + destruct (homogeneous_or_visible i f Hk) as [Hv|Hf].
      * destruct (Hvis i Hv) as (-> & ->). rewrite exp_0, !Rmult_1_l. reflexivity.
      * rewrite H, Hf by apply exp_pos. unfold Rpower. rewrite ln_exp. reflexivity.
    + rewrite <- sum_scale. apply sum_ext. intros j _. rewrite Hstate. unfold scaled, log_scaling, Rminus.
      rewrite exp_plus, exp_Ropp. assert (P := exp_pos (v j)). field. lra.
  - ring.
Qed.

Theorem function_stays : forall m v w x initial, admissible m v ->
  forall t i, run (scaled m v w) x (fun j => exp (v j) * initial j) t i = exp (v i) * run w x initial t i.
Proof.
  intros m v w x initial Hadm. induction t as [|t IH]; intros i; [reflexivity|]. simpl. apply next_scaled; assumption.
Qed.

(* Ties: unit i has the power `exponent i g` of the multiplier of group g, of which there are `groups`. *)
Definition tied (groups : nat) (exponent : nat -> nat -> R) (m : nat -> R) : Prop :=
  exists y : nat -> R, forall i, m i = sum groups (fun g => exponent i g * y g).

Lemma combination_admissible : forall a b m v m' v', admissible m v -> admissible m' v' ->
  admissible (fun i => a * m i + b * m' i) (fun i => a * v i + b * v' i).
Proof.
  intros a b m v m' v' (H1 & H2) (H1' & H2'). split.
  - intros i Hi. destruct (H1 i Hi) as (-> & ->). destruct (H1' i Hi) as (-> & ->). split; ring.
  - intros i. specialize (H2 i). specialize (H2' i). destruct (unit_kind i) as [|f|factors].
    + rewrite H2, H2'. ring.
    + rewrite H2, H2'. ring.
    + rewrite H2, H2'. clear. induction factors as [|j l IH]; simpl; [ring|]. unfold sum_of in *. rewrite <- IH. ring.
Qed.

Lemma combination_tied : forall groups exponent a b m m', tied groups exponent m -> tied groups exponent m' ->
  tied groups exponent (fun i => a * m i + b * m' i).
Proof.
  intros groups exponent a b m m' (y & Hy) (y' & Hy'). exists (fun g => a * y g + b * y' g). intros i. rewrite Hy, Hy'.
  rewrite <- !sum_scale, <- sum_plus. apply sum_ext. intros g _. ring.
Qed.

End Architecture.

(* No weight is mentioned in what is admissible. *)
Theorem products :
  forall n depth unit_kind visible degree,
    (forall i f, unit_kind i = sums f -> visible i \/ homogeneous (degree i) f) ->
    (* Values of visible units stay as they are, over any number of steps, from initial values that are scaled along. *)
    (forall m v w x initial, admissible unit_kind visible degree m v ->
       forall t i, visible i ->
         run n depth unit_kind (scaled m v w) x (fun j => exp (v j) * initial j) t i = run n depth unit_kind w x initial t i) /\
    (* The scalings of synapses, with ties of powers, are a linear space. *)
    (forall groups exponent,
       let space L := exists m v, admissible unit_kind visible degree m v /\ tied groups exponent m /\
         forall i j, L i j = log_scaling m v i j in
       forall a b L L', space L -> space L' -> space (fun i j => a * L i j + b * L' i j)).
Proof.
  intros n depth unit_kind visible degree Hh. split.
  - intros m v w x initial Hadm t i Hi. rewrite (function_stays n depth unit_kind visible degree Hh m v w x initial Hadm).
    rewrite (proj2 (proj1 Hadm i Hi)), exp_0. ring.
  - intros groups exponent space a b L L' (m & v & H1 & H2 & H3) (m' & v' & H1' & H2' & H3').
    exists (fun i => a * m i + b * m' i), (fun i => a * v i + b * v' i).
    split; [apply combination_admissible; assumption|]. split; [apply combination_tied; assumption|].
    intros i j. rewrite H3, H3'. unfold log_scaling. ring.
Qed.
